use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use pin_project::pin_project;

use super::super::fused::panic_context::OutputGuard;
use super::super::{Flow, StageContext, StageError};
use super::Operator;
use super::taken::Taken;
use crate::channel::Event;
use crate::error::Error;

/// The result of a closure for one item.
pub(crate) enum Step<T> {
    /// Returns an item.
    Give(T),
    /// Returns nothing.
    Skip,
    /// Returns the last item; the operator then stops.
    Last(T),
    /// Returns nothing; the operator stops.
    End,
}

/// An operator whose closure is synchronous and returns at most one item.
pub(crate) struct Each<H> {
    handle: H,
    wants_input: bool,
}

impl<H> Each<H> {
    /// Calls `handle` for each item.
    pub(crate) fn new<In, Out>(handle: H) -> Self
    where
        H: FnMut(In) -> Result<Step<Out>, Error> + Send + 'static,
    {
        Self {
            handle,
            wants_input: true,
        }
    }

    /// If `wants` is false, the operator ends without reading any input.
    pub(crate) fn wants_input(mut self, wants: bool) -> Self {
        self.wants_input = wants;
        self
    }
}

impl<In, Out, H> Operator<In> for Each<H>
where
    Out: Send + 'static,
    H: FnMut(In) -> Result<Step<Out>, Error> + Send + 'static,
{
    type Out = Out;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        EachJoined {
            input: self.wants_input.then_some(input),
            handle: self.handle,
            context,
            number: 0,
        }
    }
}

#[pin_project]
struct EachJoined<S, H> {
    /// `None` after the operator has stopped or its input has ended.
    #[pin]
    input: Option<S>,
    handle: H,
    context: StageContext,
    /// Number of the next item.
    number: u64,
}

impl<In, Out, S, H> Stream for EachJoined<S, H>
where
    S: Stream<Item = Flow<In>>,
    H: FnMut(In) -> Result<Step<Out>, Error>,
{
    type Item = Flow<Out>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<Out>>> {
        let mut this = self.project();
        loop {
            let Some(input) = this.input.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            let Some(flow) = ready!(input.poll_next(cx)) else {
                this.input.set(None);
                return Poll::Ready(None);
            };
            let failure = match Taken::from(flow, this.context) {
                Ok(Taken::Item(item)) => {
                    let handing = OutputGuard {
                        context: this.context,
                        item: *this.number,
                    };
                    let step = (this.handle)(item);
                    handing.done();
                    match step {
                        Ok(Step::Give(output)) => {
                            *this.number += 1;
                            return Poll::Ready(Some(Ok(Event::Item(output))));
                        }
                        Ok(Step::Skip) => {
                            *this.number += 1;
                            // Items without output must not monopolise the task.
                            ready!(this.context.poll_go_on(cx));
                            continue;
                        }
                        Ok(Step::Last(output)) => {
                            this.input.set(None);
                            return Poll::Ready(Some(Ok(Event::Item(output))));
                        }
                        Ok(Step::End) => {
                            this.input.set(None);
                            return Poll::Ready(None);
                        }
                        Err(error) => {
                            StageError::returned(this.context.stage(), Some(*this.number), error)
                        }
                    }
                }
                Ok(Taken::Between(event)) => return Poll::Ready(Some(Ok(event))),
                Err(failure) => failure,
            };
            this.input.set(None);
            return Poll::Ready(Some(Err(failure)));
        }
    }
}
