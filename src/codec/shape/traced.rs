use std::any::TypeId;

/// A type as its `Deserialize` asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Traced {
    /// Not asked for yet.
    #[default]
    Unknown,
    Scalar(&'static str),
    Option(Box<Traced>),
    List(Box<Traced>),
    Map(Box<(Traced, Traced)>),
    Tuple(Vec<Traced>),
    /// Names are absent where they are not certain.
    Fields(Vec<(Option<&'static str>, Traced)>),
    Named(Key),
}

/// Tells types apart: a name alone would not, think of generic types.
pub(super) type Key = (TypeId, &'static str);

/// What a named type is.
#[derive(Debug)]
pub(super) enum Named {
    Newtype(Traced),
    /// Of [`Traced::Fields`] or [`Traced::Tuple`].
    Struct(Traced),
    Enum(Variants),
}

/// The variants of an enum, in the order of their numbers.
#[derive(Debug)]
pub(super) struct Variants {
    /// Names are absent where they are not certain.
    pub(super) list: Vec<Variant>,
    /// The variant to take in order to end a recursion.
    pub(super) leaf: usize,
}

#[derive(Debug)]
pub(super) struct Variant {
    pub(super) name: Option<&'static str>,
    pub(super) content: Traced,
    /// Whether everything below it is known, too.
    pub(super) done: bool,
}

impl Variants {
    pub(super) fn new(names: &[&'static str]) -> Self {
        let variant = |name: &&'static str| Variant {
            name: Some(*name),
            content: Traced::Unknown,
            done: false,
        };
        Self {
            list: names.iter().map(variant).collect(),
            leaf: 0,
        }
    }

    /// The list of names that serde's derive gives holds aliases, too, so that it can be longer
    /// than the list of variants. Then it is not known which name is whose.
    pub(super) fn shorten(&mut self, len: usize) {
        self.list.truncate(len);
        self.leaf = 0;
        for variant in &mut self.list {
            variant.name = None;
        }
    }
}
