use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use super::super::fused::panic_context::OutputGuard;
use super::super::{Flow, StageContext, StageError};
use super::Operator;
use super::taken::Taken;
use crate::channel::Event;
use crate::error::Error;

/// Holds items and decides when an output is due. It does no I/O and reads no clock.
pub(crate) trait Timed<In>: Send + 'static {
    /// The type of the outputs.
    type Out: Send + 'static;

    /// Accepts an item that arrives at `now`. Every output that was due must have been returned
    /// before.
    fn take(&mut self, item: In, now: Instant) -> Result<(), Error>;

    /// Returns the next output that is due at `now`.
    fn due(&mut self, now: Instant) -> Option<Self::Out>;

    /// When an output is due if no further item arrives; `None` if nothing is held.
    fn due_at(&self) -> Option<Instant>;

    /// Records the end of the input.
    fn end(&mut self);

    /// Whether an output must be returned before the next item is taken.
    fn is_full(&self) -> bool {
        false
    }
}

/// Connects a [`Timed`] operator to its input, and returns outputs when they are due, even while
/// the input is idle.
///
/// Messages and progress are forwarded immediately, ahead of items that are held. A failure of the
/// input ends the operator immediately, and held items are dropped.
pub(crate) struct ByTime<M>(pub(crate) M);

impl<In, M> Operator<In> for ByTime<M>
where
    M: Timed<In>,
{
    type Out = M::Out;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<M::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        TimedJoined {
            input: Some(input),
            held: self.0,
            timer: None,
            context,
            number: 0,
            failed: false,
        }
    }
}

#[pin_project]
struct TimedJoined<S, M> {
    /// `None` after the input has ended.
    #[pin]
    input: Option<S>,
    held: M,
    /// Fires when the next output is due, as of the last check.
    #[pin]
    timer: Option<Sleep>,
    context: StageContext,
    /// Number of the next item.
    number: u64,
    failed: bool,
}

impl<In, S, M> Stream for TimedJoined<S, M>
where
    S: Stream<Item = Flow<In>>,
    M: Timed<In>,
{
    type Item = Flow<M::Out>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<M::Out>>> {
        let mut this = self.project();
        if *this.failed {
            return Poll::Ready(None);
        }
        let failure = loop {
            let now = Instant::now();
            if let Some(output) = this.held.due(now) {
                return Poll::Ready(Some(Ok(Event::Item(output))));
            }
            // Items that are only held must not monopolise the task.
            ready!(this.context.poll_go_on(cx));
            let input = this.input.as_mut().as_pin_mut();
            let is_over = input.is_none();
            if let Some(input) = input.filter(|_| !this.held.is_full())
                && let Poll::Ready(flow) = input.poll_next(cx)
            {
                let Some(flow) = flow else {
                    this.input.set(None);
                    this.held.end();
                    continue;
                };
                match Taken::from(flow, this.context) {
                    Ok(Taken::Item(item)) => {
                        let handing = OutputGuard {
                            context: this.context,
                            item: *this.number,
                        };
                        let taken = this.held.take(item, now);
                        handing.done();
                        if let Err(error) = taken {
                            let stage = this.context.stage();
                            break StageError::returned(stage, Some(*this.number), error);
                        }
                        *this.number += 1;
                        continue;
                    }
                    Ok(Taken::Between(event)) => return Poll::Ready(Some(Ok(event))),
                    Err(failure) => break failure,
                }
            }
            let Some(due_at) = this.held.due_at() else {
                return if is_over {
                    Poll::Ready(None)
                } else {
                    Poll::Pending
                };
            };
            let armed = this
                .timer
                .as_ref()
                .as_pin_ref()
                .map(|timer| timer.deadline());
            match (armed, this.timer.as_mut().as_pin_mut()) {
                (Some(armed), Some(timer)) if armed != due_at => timer.reset(due_at),
                (Some(_), _) => {}
                (None, _) => this.timer.set(Some(sleep_until(due_at))),
            }
            if let Some(timer) = this.timer.as_mut().as_pin_mut() {
                ready!(timer.poll(cx));
            }
        };
        *this.failed = true;
        this.input.set(None);
        Poll::Ready(Some(Err(failure)))
    }
}
