use super::super::fused::flow::Input;
use super::super::{Flow, StageContext, StageError};
use crate::channel::{Event, ReceiveError};

/// What an operator takes from its input.
pub(super) enum Taken<In, Out> {
    Item(In),
    /// A message or progress, to be passed on.
    Between(Event<Out>),
}

impl<In, Out> Taken<In, Out> {
    /// Takes what the input gives. An item that cannot be read fails the operator.
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
