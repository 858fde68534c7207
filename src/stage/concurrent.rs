use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::{Either, FutureExt, ready as at_once};
use futures::stream::{BoxStream, Stream, StreamExt};
use pin_project::pin_project;

use super::items::RunOf;
use super::outputs::poll_output;
use super::{Applied, Flow, ItemStage, Outputs, StageContext, StageError};
use crate::channel::Event;

/// Joins an item stage that handles several items at once, all on the task that polls.
///
/// With order kept, messages and errors of the input wait for the calls before them; without,
/// they go straight on.
pub(super) fn join<G: ItemStage>(
    stage: G,
    input: BoxStream<'static, Flow<G::In>>,
    mut run: RunOf<G>,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static {
    let context = run.context.clone();
    let mut number = 0;
    let calls = input.map(move |flow| match flow {
        Ok(Event::Item(item)) => {
            let at = number;
            number += 1;
            run.number = at;
            let context = run.context.clone();
            // A function that is not async has done its work when this returns.
            match catch_unwind(AssertUnwindSafe(|| stage.apply(item, &mut run))) {
                Ok(call) => Either::Left(
                    AssertUnwindSafe(call)
                        .catch_unwind()
                        .map(move |applied| finish(applied, at, &context)),
                ),
                Err(panic) => {
                    let stage = context.stage();
                    let panicked = StageError::panicked(stage, Some(at), &*panic);
                    Either::Right(at_once(Err(panicked)))
                }
            }
        }
        Ok(Event::Message(text)) => Either::Right(at_once(Ok(Done::Between(Event::Message(text))))),
        Ok(Event::Progress(progress)) => {
            Either::Right(at_once(Ok(Done::Between(Event::Progress(progress)))))
        }
        Err(error) => Either::Right(at_once(Err(error))),
    });
    let done = if G::ORDERED {
        Either::Left(calls.buffered(G::CONCURRENCY))
    } else {
        Either::Right(calls.buffer_unordered(G::CONCURRENCY))
    };
    Emit {
        done,
        context,
        outputs: None,
        number: 0,
        over: false,
    }
}

/// What became of a call, or what stood between the items.
enum Done<O, T> {
    Outputs(u64, O),
    Between(Event<T>),
}

type Called<A> = std::thread::Result<A>;

fn finish<O, S, T>(
    applied: Called<Applied<O, S>>,
    number: u64,
    context: &StageContext,
) -> Result<Done<O, T>, StageError> {
    match applied {
        Err(panic) => Err(StageError::panicked(context.stage(), Some(number), &*panic)),
        Ok(Applied {
            outputs: Ok(outputs),
            ..
        }) => Ok(Done::Outputs(number, outputs)),
        Ok(Applied {
            outputs: Err(error),
            ..
        }) => Err(StageError::returned(context.stage(), Some(number), error)),
    }
}

/// Gives the outputs of calls in the order in which the calls are given.
#[pin_project]
struct Emit<D, O> {
    #[pin]
    done: D,
    context: StageContext,
    #[pin]
    outputs: Option<O>,
    /// Number of the item that `outputs` are of.
    number: u64,
    over: bool,
}

impl<D, O> Stream for Emit<D, O>
where
    D: Stream<Item = Result<Done<O, O::Item>, StageError>>,
    O: Outputs,
{
    type Item = Flow<O::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<O::Item>>> {
        let mut this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let failure = loop {
            if let Some(remark) = this.context.aside().pop() {
                return Poll::Ready(Some(Ok(remark.into())));
            }
            if let Some(outputs) = this.outputs.as_mut().as_pin_mut() {
                match ready!(poll_output(outputs, cx, this.context.stage(), *this.number)) {
                    Some(Ok(item)) => return Poll::Ready(Some(Ok(Event::Item(item)))),
                    Some(Err(failure)) => break failure,
                    None => this.outputs.set(None),
                }
            }
            match ready!(this.done.as_mut().poll_next(cx)) {
                Some(Ok(Done::Outputs(number, outputs))) => {
                    *this.number = number;
                    this.outputs.set(Some(outputs));
                }
                Some(Ok(Done::Between(event))) => return Poll::Ready(Some(Ok(event))),
                Some(Err(error)) => break error,
                None => {
                    *this.over = true;
                    return Poll::Ready(None);
                }
            }
        };
        *this.over = true;
        this.outputs.set(None);
        Poll::Ready(Some(Err(failure)))
    }
}
