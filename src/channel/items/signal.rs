use super::ReceiveError;
use crate::wire::Turn;

/// What the framework has among the items of a stream, for stages and not for their code.
#[derive(Clone, Debug, PartialEq)]
pub struct Signal(pub(crate) SignalKind);

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SignalKind {
    /// A turn of this copy of a stage is over.
    Turn(Turn),
    /// What stands in the place of an item, and what comes after it, cannot be read.
    Unreadable(Box<Unreadable>),
}

/// An item that could not be read where the bytes were, for the stage that takes the items to deal
/// with.
#[derive(Clone, Debug)]
pub(crate) struct Unreadable {
    pub(crate) error: ReceiveError,
    /// Whether items may follow.
    pub(crate) goes_on: bool,
}

impl PartialEq for Unreadable {
    /// Compares the items; errors of a stream are not alike.
    fn eq(&self, other: &Self) -> bool {
        let items = (self.error.bad_item(), other.error.bad_item());
        matches!(items, (Some(one), Some(other)) if one == other) && self.goes_on == other.goes_on
    }
}
