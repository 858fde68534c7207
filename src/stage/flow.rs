use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::StageError;
use crate::channel::{Event, Receiver};
use crate::codec::Decode;

/// What flows between fused stages: items, messages and progress in order, and at most one error,
/// which is the last.
pub type Flow<T> = Result<Event<T>, StageError>;

/// What a receiver gives, as the input of the stage named `stage`.
pub(crate) struct Incoming<T, F: Decode<T>> {
    receiver: Receiver<T, F>,
    stage: String,
    over: bool,
}

impl<T, F: Decode<T>> Incoming<T, F> {
    pub(crate) fn new(mut receiver: Receiver<T, F>, stage: &str) -> Self {
        receiver.keep_messages();
        Self {
            receiver,
            stage: stage.to_owned(),
            over: false,
        }
    }
}

impl<T, F: Decode<T>> Stream for Incoming<T, F> {
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let this = self.get_mut();
        if this.over {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(this.receiver.poll_event(cx)) {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                this.over = true;
                None
            }
            Err(error) => {
                this.over = true;
                Some(Err(StageError::input(&this.stage, error)))
            }
        })
    }
}
