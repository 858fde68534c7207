use super::super::fused::flow::Input;
use super::super::{Flow, StageContext, StageError};
use crate::channel::{Event, ReceiveError};

/// An input of an operator.
pub(super) enum Taken<In, Out> {
    Item(In),
    /// A message or progress, to be forwarded.
    Between(Event<Out>),
}

impl<In, Out> Taken<In, Out> {
    /// Converts an event of the input. An item that cannot be read fails the operator.
    #[inline]
    pub(super) fn from(flow: Flow<In>, context: &StageContext) -> Result<Self, StageError> {
        let error = match flow?.into() {
            Input::Item(item) => return Ok(Self::Item(item)),
            Input::Between(event) => return Ok(Self::Between(event)),
            Input::Bad(bad) => ReceiveError::Item(bad),
            Input::Failed(error) => error,
        };
        Err(unreadable(context, error))
    }
}

#[cold]
fn unreadable(context: &StageContext, error: ReceiveError) -> StageError {
    StageError::input(context.stage(), error)
}
