use std::any::TypeId;

/// A type as its `Deserialize` asks for it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Traced {
    /// It cannot be found out without making values up.
    #[default]
    Unknown,
    Scalar(&'static str),
    Option(Box<Traced>),
    List(Box<Traced>),
    Map(Box<(Traced, Traced)>),
    Tuple(Vec<Traced>),
    /// Names are absent where they are not certain.
    Fields(Vec<Member>),
    Named(Key),
}

/// A field or a variant with what is in it.
pub(super) type Member = (Option<&'static str>, Traced);

/// Tells types apart: a name alone would not, think of generic types.
pub(super) type Key = (TypeId, &'static str);

/// What a named type is.
#[derive(Debug)]
pub(super) enum Named {
    Newtype(Traced),
    /// Of [`Traced::Fields`] or [`Traced::Tuple`].
    Struct(Traced),
    Enum(Vec<Member>),
}

/// What a type asks for, without what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    Scalar(&'static str),
    Option,
    List,
    Map,
    Tuple(usize),
    Fields(&'static [&'static str]),
    Newtype(Key),
    TupleStruct(Key, usize),
    Struct(Key, &'static [&'static str]),
    Enum(Key, &'static [&'static str]),
    /// What comes next, which a positional format does not say.
    Any,
    /// Nothing: there is no field or variant of this number.
    Nothing,
}

/// A step from a type into what is in it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Into an option, a list or a newtype.
    Inside,
    Key,
    Value,
    /// Into a part, reached by way of those before it.
    Part(usize),
    /// Into a field, reached by its number.
    Field(usize),
    Variant(usize),
}
