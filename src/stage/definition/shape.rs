//! Checks the types in a function's signature, of which `#[pipeline_stage]` sees only the names.
//!
//! The macro recognises `Result<u32, E>` by its name. An alias has another name, and a user type
//! may have the same name. The generated code therefore uses the traits below, which are
//! implemented for the actual types and explain errors for others.

use std::marker::PhantomData;
use std::{array, option, vec};

use crate::channel::{ChannelReader, ChannelWriter, Receiver, Sender};
use crate::codec::Format;

/// The type of a stage's output. Its inherent methods take precedence over those of [`AnyShape`],
/// so the type behind an alias decides.
///
/// Nothing depends on `M`. It is needed because a bound is only checked where a method is used if
/// it depends on a parameter.
#[derive(Debug)]
pub struct Shape<T, M = ()>(PhantomData<(T, M)>);

impl<T> Shape<T> {
    /// Creates the shape of a `T`.
    #[allow(clippy::new_without_default)] // A name for the macro.
    pub const fn new() -> Self {
        Self(PhantomData)
    }
}

/// The shape of a type that is a single item.
pub trait AnyShape {
    /// Accepts the only item that a call returns.
    fn item(&self) {}

    /// Accepts one of several items that a call returns.
    fn one_of_many(&self) {}
}

impl<T> AnyShape for Shape<T> {}

impl<T, E> Shape<Result<T, E>> {
    /// Rejects a `Result` as an item.
    pub fn item(&self)
    where
        Self: NotResult,
    {
    }

    /// Rejects a `Result` as an item.
    pub fn one_of_many(&self)
    where
        Self: NotResult,
    {
    }
}

impl<T> Shape<Option<T>> {
    /// Rejects an `Option` as an item.
    pub fn item(&self)
    where
        Self: NotOption,
    {
    }
}

impl<T> Shape<Vec<T>> {
    /// Rejects a `Vec` as an item.
    pub fn item(&self)
    where
        Self: NotMany,
    {
    }
}

impl<T, const N: usize> Shape<[T; N]> {
    /// Rejects an array as an item.
    pub fn item(&self)
    where
        Self: NotMany,
    {
    }
}

impl<M> Shape<(), M> {
    /// Rejects `()` as an item.
    pub fn item(&self)
    where
        Self: NotUnit,
    {
    }
}

/// Not implemented for any `Result`.
#[diagnostic::on_unimplemented(
    message = "the stage returns a `Result` as its item, so its errors would be passed on as items",
    label = "a `Result` by another name",
    note = "aliases of the return type are not resolved: write `Result<Item, E>`"
)]
pub trait NotResult {}

/// Not implemented for any `Option`.
#[diagnostic::on_unimplemented(
    message = "the stage returns an `Option` as its item, so `None` would be passed on as an item",
    label = "an `Option` by another name",
    note = "aliases of the return type are not resolved: write `Option<Item>`"
)]
pub trait NotOption {}

/// Not implemented for any `Vec` or array.
#[diagnostic::on_unimplemented(
    message = "the stage returns a `Vec` or an array by another name, which could mean one item or many",
    label = "a `Vec` or an array by another name",
    note = "write `Vec<Item>` or `[Item; N]` to return the items one by one, or `[Whole; 1]` to \
            return the whole as one item"
)]
pub trait NotMany {}

/// Not implemented for `()`.
#[diagnostic::on_unimplemented(
    message = "the stage returns nothing",
    label = "`()` by another name",
    note = "return the item, or `Option<Item>` to omit some; or take a `Receiver<Item>` to \
            consume the stream"
)]
pub trait NotUnit {}

/// The `Result` of std, whatever error type it has.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a `Result` of `{T}`",
    label = "not std's `Result`",
    note = "a return type named `Result` is assumed to be that of std, with the output of the stage \
            as its first argument",
    note = "for an item type that is named `Result`, give it another name: `type Found = {Self};`"
)]
pub trait ResultOf<T> {
    /// The error type.
    type Error;

    /// Returns the value.
    ///
    /// # Errors
    ///
    /// Returns the error, if it is one.
    fn into_result(self) -> Result<T, Self::Error>;
}

impl<T, E> ResultOf<T> for Result<T, E> {
    type Error = E;

    #[inline]
    fn into_result(self) -> Self {
        self
    }
}

/// `Option`, `Vec` and arrays of `T`, whose items are sent one by one.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an `Option` or a `Vec` of `{T}`",
    label = "not std's",
    note = "return types named `Option` and `Vec` are assumed to be those of std",
    note = "for an item type of that name, give it another name: `type Found = {Self};`"
)]
pub trait Many<T> {
    /// An iterator over the items.
    type Items: Iterator<Item = T>;

    /// Returns the items.
    fn into_items(self) -> Self::Items;
}

impl<T> Many<T> for Option<T> {
    type Items = option::IntoIter<T>;

    #[inline]
    fn into_items(self) -> Self::Items {
        self.into_iter()
    }
}

impl<T> Many<T> for Vec<T> {
    type Items = vec::IntoIter<T>;

    #[inline]
    fn into_items(self) -> Self::Items {
        self.into_iter()
    }
}

impl<T, const N: usize> Many<T> for [T; N] {
    type Items = array::IntoIter<T, N>;

    #[inline]
    fn into_items(self) -> Self::Items {
        self.into_iter()
    }
}

/// An argument for the end `E` of a channel.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an end of a pipewright channel",
    label = "not one of pipewright's",
    note = "arguments named `Receiver`, `Sender`, `ChannelReader` and `ChannelWriter` are assumed \
            to be pipewright's",
    note = "for an item type of that name, give it another name: `type Mail = {Self};`"
)]
pub trait TakesEnd<E> {
    /// Converts the end to the argument's type.
    fn end(end: E) -> Self;
}

macro_rules! takes_itself {
    ($([$($generics:tt)*] $end:ty),* $(,)?) => {$(
        impl<$($generics)*> TakesEnd<$end> for $end {
            #[inline]
            fn end(end: $end) -> Self {
                end
            }
        }
    )*};
}

takes_itself! {
    [T, F: Format] Receiver<T, F>,
    [T, F: Format] Sender<T, F>,
    [] ChannelReader,
    [] ChannelWriter,
}
