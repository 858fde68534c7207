use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Sink, Stream};
use pin_project::pin_project;

use super::super::super::{Flow, StageContext, StageError};
use super::machine::Output;
use super::windowed::Windowed;
use crate::channel::Event;
use crate::error::Error;

/// The destination of late items.
pub(super) type LateSink<T> = Pin<Box<dyn Sink<T, Error = Error> + Send>>;

/// Separates late items from the windows.
///
/// Late items go to the sink, which is closed before the stream ends.
#[pin_project]
pub(super) struct Side<S, T> {
    #[pin]
    stream: S,
    /// The destination of late items; without one, they are dropped.
    sink: Option<LateSink<T>>,
    /// A late item for which the sink has no room yet.
    late: Option<T>,
    context: StageContext,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Open,
    /// The input has ended; the sink is being closed.
    Closing,
    Over,
}

impl<S, T> Side<S, T> {
    pub(super) fn new(stream: S, sink: Option<LateSink<T>>, context: StageContext) -> Self {
        Self {
            stream,
            sink,
            late: None,
            context,
            state: State::Open,
        }
    }
}

impl<S, K, T> Stream for Side<S, T>
where
    S: Stream<Item = Flow<Output<K, T>>>,
{
    type Item = Flow<Windowed<K, T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let failure = loop {
            if let (Some(sink), true) = (&mut *this.sink, this.late.is_some())
                && let Err(error) = ready!(sink.as_mut().poll_ready(cx))
            {
                break failed(this.context, error);
            }
            if let Some(late) = this.late.take() {
                match this.sink {
                    Some(sink) => {
                        if let Err(error) = sink.as_mut().start_send(late) {
                            break failed(this.context, error);
                        }
                    }
                    None => this.context.skip(false),
                }
            }
            match *this.state {
                State::Open => {}
                State::Closing => {
                    if let Some(sink) = this.sink
                        && let Err(error) = ready!(sink.as_mut().poll_close(cx))
                    {
                        break failed(this.context, error);
                    }
                    *this.state = State::Over;
                    return Poll::Ready(None);
                }
                State::Over => return Poll::Ready(None),
            }
            let Poll::Ready(flow) = this.stream.as_mut().poll_next(cx) else {
                // Late items in the sink must not wait for the next window.
                if let Some(sink) = this.sink
                    && let Poll::Ready(Err(error)) = sink.as_mut().poll_flush(cx)
                {
                    break failed(this.context, error);
                }
                return Poll::Pending;
            };
            return Poll::Ready(match flow {
                Some(Ok(Event::Item(Output::Window(window)))) => Some(Ok(Event::Item(window))),
                Some(Ok(Event::Item(Output::Late(late)))) => {
                    *this.late = Some(late);
                    continue;
                }
                Some(Ok(Event::Item(Output::Between))) => {
                    this.context.skip(false);
                    continue;
                }
                Some(Ok(Event::Message(text))) => Some(Ok(Event::Message(text))),
                Some(Ok(Event::Progress(progress))) => Some(Ok(Event::Progress(progress))),
                Some(Ok(Event::Signal(signal))) => Some(Ok(Event::Signal(signal))),
                Some(Err(failure)) => {
                    *this.state = State::Over;
                    Some(Err(failure))
                }
                None => {
                    *this.state = State::Closing;
                    continue;
                }
            });
        };
        *this.state = State::Over;
        Poll::Ready(Some(Err(failure)))
    }
}

/// The failure of the operator if late items cannot be sent.
#[cold]
fn failed(context: &StageContext, error: Error) -> StageError {
    StageError::returned(context.stage(), None, error)
}
