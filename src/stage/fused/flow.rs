use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::super::StageError;
use crate::channel::{BadItem, Event, ReceiveError, Receiver, Signal, SignalKind, Unreadable};
use crate::codec::Decode;

/// What flows between fused stages: items, messages and progress in order, and at most one error,
/// which is the last.
pub type Flow<T> = Result<Event<T>, StageError>;

/// The events of a receiver, as the input of the stage named `stage`.
///
/// An unreadable item becomes a [`Signal`], which the stage that receives it handles.
pub(crate) struct Incoming<T, F: Decode<T>> {
    receiver: Receiver<T, F>,
    stage: String,
    over: bool,
}

impl<T, F: Decode<T>> Incoming<T, F> {
    pub(crate) fn new(mut receiver: Receiver<T, F>, stage: &str) -> Self {
        receiver.keep_all();
        Self {
            receiver,
            stage: stage.to_owned(),
            over: false,
        }
    }

    /// Whether totals and checksum were compared. `None` unless the stream ended successfully.
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
        Poll::Ready(match ready!(this.receiver.poll_event(cx)) {
            Ok(Some(event)) => Some(Ok(event)),
            Ok(None) => {
                this.over = true;
                None
            }
            Err(error @ ReceiveError::Item(_)) => {
                let goes_on = this.receiver.goes_on();
                this.over = !goes_on;
                Some(Ok(unreadable(error, goes_on)))
            }
            Err(error) => {
                this.over = true;
                Some(Err(StageError::input(&this.stage, error)))
            }
        })
    }
}

/// Replaces an item: why it cannot be read, and whether items may follow.
pub(in crate::stage) fn unreadable<T>(error: ReceiveError, goes_on: bool) -> Event<T> {
    Event::Signal(Signal(SignalKind::Unreadable(Box::new(Unreadable {
        error,
        goes_on,
    }))))
}

/// The next input of an item stage.
pub(in crate::stage) enum Input<T, O> {
    Item(T),
    /// An unreadable item; others may follow.
    Bad(BadItem),
    /// The input cannot be read any further.
    Failed(ReceiveError),
    /// An event between the items, to be forwarded.
    Between(Event<O>),
}

impl<T, O> From<Event<T>> for Input<T, O> {
    #[inline]
    fn from(event: Event<T>) -> Self {
        match event {
            Event::Item(item) => Self::Item(item),
            Event::Message(text) => Self::Between(Event::Message(text)),
            Event::Progress(progress) => Self::Between(Event::Progress(progress)),
            Event::Signal(Signal(SignalKind::Unreadable(unreadable))) => match *unreadable {
                Unreadable {
                    error: ReceiveError::Item(bad),
                    goes_on: true,
                } => Self::Bad(bad),
                Unreadable { error, .. } => Self::Failed(error),
            },
            Event::Signal(signal) => Self::Between(Event::Signal(signal)),
        }
    }
}
