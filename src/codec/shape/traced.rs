use std::any::TypeId;

/// A type as its `Deserialize` requests it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Traced {
    /// It cannot be determined without creating values.
    #[default]
    Unknown,
    Scalar(&'static str),
    Option(Box<Traced>),
    List(Box<Traced>),
    Map(Box<(Traced, Traced)>),
    Tuple(Vec<Traced>),
    /// Names are absent if uncertain.
    Fields(Vec<Member>),
    Named(Key),
}

/// A field or variant with its content.
pub(super) type Member = (Option<&'static str>, Traced);

/// Identifies a type. A name alone is ambiguous, for example with generic types.
pub(super) type Key = (TypeId, &'static str);

/// The definition of a named type.
#[derive(Debug)]
pub(super) enum Named {
    Newtype(Traced),
    /// Contains [`Traced::Fields`] or [`Traced::Tuple`].
    Struct(Traced),
    Enum(Vec<Member>),
}

/// What a type requests, without its content.
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
    /// Any value, which a positional format does not support.
    Any,
    /// Nothing: no field or variant has this number.
    Nothing,
}

/// A step from a type into its content.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// Into an option, a list or a newtype.
    Inside,
    Key,
    Value,
    /// Into a part, after the parts before it.
    Part(usize),
    /// Into a field, by its number.
    Field(usize),
    Variant(usize),
}
