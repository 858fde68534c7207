use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::vec;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use pin_project::pin_project;

use super::super::items::{AtOnce, RunOf};
use super::super::{Applied, Flow, ItemStage, Outputs, StageError};
use super::flow::Input;
use super::panic_context::{StageGuard, with_panic_context};
use crate::channel::{Event, ReceiveError};
use crate::error::Error;

/// A stage that processes items sequentially, connected to its input. Must not be polled after its
/// end or its error. The poller catches its panics; see [`panic_context`](super::panic_context).
///
/// Messages sent by a call precede its outputs.
///
/// | `outputs` | `call` | action |
/// |---|---|---|
/// | some | - | returns them one by one |
/// | none | some | waits for the call, which returns outputs |
/// | none | none | takes the next item and starts a call, or processes it [synchronously](AtOnce) |
///
/// An unreadable item has a number like any other. It is handled before the next one is taken, or
/// fails the stage.
#[pin_project]
pub(in crate::stage) struct Sequential<G: ItemStage, S, A, C> {
    stage: G,
    #[pin]
    input: S,
    apply: A,
    #[pin]
    call: Option<C>,
    #[pin]
    outputs: Option<G::Outputs>,
    /// An unreadable item that is being handled.
    dealing: Option<Dealing>,
    /// Contains the number of the current item.
    run: RunOf<G>,
    /// The failure of the stage, kept until the messages before it have been returned.
    failure: Option<StageError>,
    /// The last outputs, once the input has ended.
    finished: Option<vec::IntoIter<G::Out>>,
}

type Dealing = BoxFuture<'static, Result<(), Error>>;

impl<G: ItemStage, S, A, C> Sequential<G, S, A, C>
where
    A: Fn(&G, G::In, &mut RunOf<G>) -> C,
{
    /// `apply` is [`ItemStage::apply`], whose return type cannot be named.
    #[inline]
    pub(in crate::stage) fn new(stage: G, input: S, apply: A, run: RunOf<G>) -> Self {
        Self {
            stage,
            input,
            apply,
            call: None,
            outputs: None,
            dealing: None,
            run,
            failure: None,
            finished: None,
        }
    }
}

impl<G, S, A, C> Stream for Sequential<G, S, A, C>
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>>,
    A: Fn(&G, G::In, &mut RunOf<G>) -> C,
    C: Future<Output = Applied<G::Outputs, G::State>>,
{
    type Item = Flow<G::Out>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<G::Out>>> {
        if G::FINISHES && self.finished.is_some() {
            return self.poll_finished();
        }
        match G::AT_ONCE {
            Some(at_once) => self.poll_at_once(cx, at_once),
            None => self.poll_calls(cx),
        }
    }
}

impl<G, S, A, C> Sequential<G, S, A, C>
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>>,
    A: Fn(&G, G::In, &mut RunOf<G>) -> C,
    C: Future<Output = Applied<G::Outputs, G::State>>,
{
    /// Runs the stage's code for the end of the input, and returns the last outputs.
    fn poll_finished(self: Pin<&mut Self>) -> Poll<Option<Flow<G::Out>>> {
        let this = self.project();
        if !G::FINISHES {
            return Poll::Ready(None);
        }
        if this.finished.is_none() {
            let context = this.run.context.clone();
            let (outputs, error) =
                match with_panic_context(&context, || this.stage.finish(this.run)) {
                    Ok(outputs) => (outputs, None),
                    Err(error) => (Vec::new(), Some(error)),
                };
            *this.finished = Some(outputs.into_iter());
            if let Some(error) = error {
                let failure = StageError::returned(context.stage(), None, error);
                return Poll::Ready(Some(Err(failure)));
            }
        }
        let next = this.finished.as_mut().and_then(Iterator::next);
        Poll::Ready(next.map(|item| Ok(Event::Item(item))))
    }

    #[inline]
    fn poll_at_once(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        at_once: AtOnce<G>,
    ) -> Poll<Option<Flow<G::Out>>> {
        let mut this = self.as_mut().project();
        loop {
            return Poll::Ready(match ready!(this.input.as_mut().poll_next(cx)) {
                Some(Ok(Event::Item(item))) => {
                    this.run.number = this.run.number.wrapping_add(1);
                    let working = StageGuard::new(this.run);
                    let given = at_once(this.stage, item, working.run);
                    working.done();
                    match given {
                        Ok(Some(output)) => Some(Ok(Event::Item(output))),
                        Ok(None) => {
                            // Items without output must not monopolise the task.
                            ready!(this.run.context.poll_go_on(cx));
                            continue;
                        }
                        Err(error) => Some(Err(returned(this.run, error))),
                    }
                }
                // A stage that handles items concurrently has no policy for unreadable items.
                Some(Ok(event)) => match event.into() {
                    Input::Between(event) => Some(Ok(event)),
                    Input::Bad(bad) => Some(Err(cannot_read(this.run, ReceiveError::Item(bad)))),
                    Input::Failed(error) => Some(Err(cannot_read(this.run, error))),
                    Input::Item(_) => continue,
                },
                Some(Err(failure)) => Some(Err(failure)),
                None => return self.poll_finished(),
            });
        }
    }

    fn poll_calls(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<G::Out>>> {
        let mut this = self.as_mut().project();
        let run = this.run;
        let mut failure = this.failure.take();
        let failure = loop {
            if let Some(failure) = failure.take() {
                break failure;
            }
            // A message that a call has sent precedes the outputs of the call.
            if G::USES_CONTEXT
                && this.call.is_none()
                && let Some(queued) = run.context.message_queue().pop()
            {
                return Poll::Ready(Some(Ok(queued.into())));
            }
            if let Some(outputs) = this.outputs.as_mut().as_pin_mut() {
                let working = StageGuard::new(run);
                let polled = outputs.poll_next(cx);
                working.done();
                match ready!(polled) {
                    Some(Ok(item)) => return Poll::Ready(Some(Ok(Event::Item(item)))),
                    Some(Err(error)) => break returned(run, error),
                    None => {
                        this.outputs.set(None);
                        ready!(run.context.poll_go_on(cx));
                    }
                }
            }
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                let working = StageGuard::new(run);
                let polled = call.poll(cx);
                working.done();
                let applied = ready!(polled);
                this.call.set(None);
                if applied.state.is_some() {
                    run.state = applied.state;
                }
                match applied.outputs {
                    Ok(outputs) => this.outputs.set(Some(outputs)),
                    Err(error) => break returned(run, error),
                }
                continue;
            }
            if let Some(dealing) = this.dealing {
                let dealt = ready!(dealing.poll_unpin(cx));
                *this.dealing = None;
                if let Err(error) = dealt {
                    break returned(run, error);
                }
            }
            match ready!(this.input.as_mut().poll_next(cx)) {
                Some(Ok(event)) => match event.into() {
                    Input::Item(item) => {
                        run.number = run.number.wrapping_add(1);
                        let working = StageGuard::new(run);
                        let call = (this.apply)(this.stage, item, working.run);
                        working.done();
                        this.call.set(Some(call));
                    }
                    Input::Between(event) => return Poll::Ready(Some(Ok(event))),
                    Input::Bad(bad) if this.stage.is_for_bad_items() => {
                        run.number = run.number.wrapping_add(1);
                        *this.dealing = Some(this.stage.bad_item(bad, &run.context));
                    }
                    Input::Bad(bad) => break cannot_read(run, ReceiveError::Item(bad)),
                    Input::Failed(error) => break cannot_read(run, error),
                },
                Some(Err(failure)) => break failure,
                None => return self.poll_finished(),
            }
        };
        this.call.set(None);
        this.outputs.set(None);
        // Messages that the call sent before it failed.
        if G::USES_CONTEXT
            && let Some(queued) = run.context.message_queue().pop()
        {
            *this.failure = Some(failure);
            return Poll::Ready(Some(Ok(queued.into())));
        }
        Poll::Ready(Some(Err(failure)))
    }
}

/// The failure of a stage whose input cannot be read.
#[cold]
fn cannot_read<S, P>(run: &super::super::ItemRun<S, P>, error: ReceiveError) -> StageError {
    StageError::input(run.context.stage(), error)
}

/// The failure of a stage whose code returned `error` for the current item.
#[cold]
fn returned<S, P>(run: &super::super::ItemRun<S, P>, error: crate::error::Error) -> StageError {
    StageError::returned(run.context.stage(), Some(run.number), error)
}
