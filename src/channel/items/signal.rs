use super::ReceiveError;
use crate::wire::Turn;

/// An event of the framework among the items of a stream, for stages and not for user code.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal(pub(crate) SignalKind);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SignalKind {
    /// A turn of this copy of a stage has ended.
    Turn(Turn),
    /// Replaces an item that cannot be read.
    Unreadable(Box<Unreadable>),
}

/// An item that could not be decoded, passed on to the stage that consumes the items.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) error: ReceiveError,
    /// Whether items may follow.
    pub(crate) goes_on: bool,
}

impl PartialEq for Unreadable {
    /// Compares only the items; errors of a stream are never equal.
    fn eq(&self, other: &Self) -> bool {
        let items = (self.error.bad_item(), other.error.bad_item());
        matches!(items, (Some(one), Some(other)) if one == other) && self.goes_on == other.goes_on
    }
}
