use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::{Either, FutureExt, Ready, ready as at_once};
use futures::stream::{BoxStream, Stream, StreamExt};
use pin_project::pin_project;

use super::super::items::RunOf;
use super::super::{Applied, Flow, ItemStage, Outputs, Stage, StageContext, StageError};
use super::background_call::BackgroundCall;
use super::flow::Input;
use super::outputs::poll_output;
use crate::channel::{Event, ReceiveError};

/// Connects an item stage that processes several items concurrently, each in a task of its own.
///
/// If order is kept, messages and errors of the input wait for the calls before them. Otherwise
/// they are forwarded immediately.
pub(in crate::stage) fn join<G: ItemStage>(
    stage: G,
    input: BoxStream<'static, Flow<G::In>>,
    mut run: RunOf<G>,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static {
    let context = run.context.clone();
    let calls = input.map(move |flow| {
        let done = match flow.map(Input::from) {
            Ok(Input::Item(item)) => {
                run.number = run.number.wrapping_add(1);
                return call(&stage, item, &mut run);
            }
            Ok(Input::Bad(bad)) if stage.is_for_bad_items() => {
                run.number = run.number.wrapping_add(1);
                let (number, context) = (run.number, run.context.clone());
                let dealing = stage.bad_item(bad, &context).map(move |dealt| match dealt {
                    Ok(()) => Ok(Done::Nothing),
                    Err(error) => Err(StageError::returned(context.stage(), Some(number), error)),
                });
                return Either::Left(BackgroundCall::new(dealing));
            }
            Ok(Input::Between(event)) => Ok(Done::Between(event)),
            Ok(Input::Bad(bad)) => Err(cannot_read(&run.context, ReceiveError::Item(bad))),
            Ok(Input::Failed(error)) => Err(cannot_read(&run.context, error)),
            Err(failure) => Err(failure),
        };
        Either::Right(at_once(done))
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

/// The result of a call, or an event between the items.
type Handled<G> = Result<Done<<G as ItemStage>::Outputs, <G as Stage>::Out>, StageError>;

/// Starts the call for the item with the number in `run`.
fn call<G: ItemStage>(
    stage: &G,
    item: G::In,
    run: &mut RunOf<G>,
) -> Either<BackgroundCall<Handled<G>>, Ready<Handled<G>>> {
    let (number, context) = (run.number, run.context.clone());
    // A synchronous function has done its work when this returns.
    match catch_unwind(AssertUnwindSafe(|| stage.apply(item, run))) {
        Ok(call) => Either::Left(BackgroundCall::new(
            AssertUnwindSafe(call)
                .catch_unwind()
                .map(move |applied| finish(applied, number, &context)),
        )),
        Err(panic) => {
            let panicked = StageError::panicked(context.stage(), Some(number), &*panic);
            Either::Right(at_once(Err(panicked)))
        }
    }
}

fn cannot_read(context: &StageContext, error: ReceiveError) -> StageError {
    StageError::input(context.stage(), error)
}

/// The result of a call, or an event between the items.
enum Done<O, T> {
    Outputs(u64, O),
    Between(Event<T>),
    /// No output.
    Nothing,
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

/// Emits the outputs of calls in the order of the calls.
#[pin_project]
struct Emit<D, O> {
    #[pin]
    done: D,
    context: StageContext,
    #[pin]
    outputs: Option<O>,
    /// Number of the item that `outputs` belong to.
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
            if let Some(queued) = this.context.message_queue().pop() {
                return Poll::Ready(Some(Ok(queued.into())));
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
                Some(Ok(Done::Nothing)) => {}
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
