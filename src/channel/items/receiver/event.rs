use super::super::Signal;
use crate::wire::{Progress, Text};

/// An item or a message of a stream, as returned by [`Receiver::events`](crate::Receiver::events).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event<T> {
    /// An item.
    Item(T),
    /// A user message, in order with the items.
    Message(Text),
    /// The progress of an upstream stage.
    Progress(Box<Progress>),
    /// Internal event between stages. Users never receive it.
    #[doc(hidden)]
    Signal(Signal),
}
