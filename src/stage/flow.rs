use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};

use super::StageError;
use crate::channel::{BadItem, Event, ReceiveError, Receiver};
use crate::codec::Decode;
use crate::error::Error;

/// What flows between fused stages: items, messages and progress in order, and at most one error,
/// which is the last.
pub type Flow<T> = Result<Event<T>, StageError>;

/// What a receiver gives, as the input of the stage named `stage`.
pub(crate) struct Incoming<T, F: Decode<T>> {
    receiver: Receiver<T, F>,
    stage: String,
    over: bool,
    bad_items: Option<BadItems>,
    /// A bad item that is being dealt with.
    dealing: Option<BoxFuture<'static, Result<(), Error>>>,
}

/// Deals with items that cannot be read.
type BadItems = Box<dyn FnMut(BadItem) -> BoxFuture<'static, Result<(), Error>> + Send>;

impl<T, F: Decode<T>> Incoming<T, F> {
    pub(crate) fn new(mut receiver: Receiver<T, F>, stage: &str) -> Self {
        receiver.keep_messages();
        Self {
            receiver,
            stage: stage.to_owned(),
            over: false,
            bad_items: None,
            dealing: None,
        }
    }

    /// Hands items that cannot be read to `deal`, where the receiver can go on after them.
    pub(crate) fn with_bad_items(
        mut self,
        deal: impl FnMut(BadItem) -> BoxFuture<'static, Result<(), Error>> + Send + 'static,
    ) -> Self {
        self.bad_items = Some(Box::new(deal));
        self
    }

    /// Whether totals and checksum were compared; `None` unless the stream has ended well.
    pub(crate) fn verified(&self) -> Option<bool> {
        self.receiver.report().verdict.as_ref()?.compared()
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
        loop {
            if let Some(dealing) = &mut this.dealing {
                let dealt = ready!(dealing.poll_unpin(cx));
                this.dealing = None;
                if let Err(error) = dealt {
                    this.over = true;
                    let failure = StageError::returned(&this.stage, None, error);
                    return Poll::Ready(Some(Err(failure)));
                }
            }
            return Poll::Ready(match ready!(this.receiver.poll_event(cx)) {
                Ok(Some(event)) => Some(Ok(event)),
                Ok(None) => {
                    this.over = true;
                    None
                }
                Err(ReceiveError::Item(bad)) if this.receiver.goes_on() => {
                    if let Some(deal) = &mut this.bad_items {
                        this.dealing = Some(deal(bad));
                        continue;
                    }
                    this.over = true;
                    Some(Err(StageError::input(&this.stage, ReceiveError::Item(bad))))
                }
                Err(error) => {
                    this.over = true;
                    Some(Err(StageError::input(&this.stage, error)))
                }
            });
        }
    }
}
