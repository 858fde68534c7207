use std::future::Future;
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

/// An operator whose closure starts an asynchronous call for each item, one after the other. A call
/// returns any number of items.
pub(crate) struct Calls<H> {
    handle: H,
}

impl<H> Calls<H> {
    /// Calls `handle` for each item.
    pub(crate) fn new<In, C, I>(handle: H) -> Self
    where
        H: FnMut(In) -> C + Send + 'static,
        C: Future<Output = Result<I, Error>> + Send + 'static,
        I: IntoIterator<IntoIter: Send>,
    {
        Self { handle }
    }
}

impl<In, C, I, H> Operator<In> for Calls<H>
where
    H: FnMut(In) -> C + Send + 'static,
    C: Future<Output = Result<I, Error>> + Send + 'static,
    I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + 'static,
{
    type Out = I::Item;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<I::Item>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        CallsJoined::<S, H, C, I::IntoIter> {
            input: Some(input),
            handle: self.handle,
            call: None,
            outputs: None,
            context,
            number: 0,
        }
    }
}

/// | `outputs` | `call` | action |
/// |---|---|---|
/// | some | - | returns them, one by one |
/// | none | some | waits for the call, which returns outputs |
/// | none | none | takes the next item and starts a call |
#[pin_project]
struct CallsJoined<S, H, C, I> {
    /// `None` after the input has ended.
    #[pin]
    input: Option<S>,
    handle: H,
    #[pin]
    call: Option<C>,
    outputs: Option<I>,
    context: StageContext,
    /// Number of the current item, or of the next one.
    number: u64,
}

impl<In, C, I, S, H> Stream for CallsJoined<S, H, C, I::IntoIter>
where
    S: Stream<Item = Flow<In>>,
    H: FnMut(In) -> C,
    C: Future<Output = Result<I, Error>>,
    I: IntoIterator,
{
    type Item = Flow<I::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<I::Item>>> {
        let mut this = self.project();
        let failure = loop {
            let working = || OutputGuard {
                context: this.context,
                item: *this.number,
            };
            if let Some(outputs) = this.outputs {
                let handing = working();
                let next = outputs.next();
                handing.done();
                if let Some(item) = next {
                    return Poll::Ready(Some(Ok(Event::Item(item))));
                }
                *this.outputs = None;
                *this.number += 1;
                // Items without output must not monopolise the task.
                ready!(this.context.poll_go_on(cx));
                continue;
            }
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                let handing = working();
                let polled = call.poll(cx).map_ok(IntoIterator::into_iter);
                handing.done();
                let called = ready!(polled);
                this.call.set(None);
                match called {
                    Ok(outputs) => *this.outputs = Some(outputs),
                    Err(error) => {
                        let stage = this.context.stage();
                        break StageError::returned(stage, Some(*this.number), error);
                    }
                }
                continue;
            }
            let Some(input) = this.input.as_mut().as_pin_mut() else {
                return Poll::Ready(None);
            };
            let Some(flow) = ready!(input.poll_next(cx)) else {
                this.input.set(None);
                return Poll::Ready(None);
            };
            match Taken::from(flow, this.context) {
                Ok(Taken::Item(item)) => {
                    let handing = working();
                    let call = (this.handle)(item);
                    handing.done();
                    this.call.set(Some(call));
                }
                Ok(Taken::Between(event)) => return Poll::Ready(Some(Ok(event))),
                Err(failure) => break failure,
            }
        };
        this.input.set(None);
        Poll::Ready(Some(Err(failure)))
    }
}
