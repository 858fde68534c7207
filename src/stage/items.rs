//! Stages that handle one item at a time.

use std::future::{Future, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::future::{BoxFuture, Either};
use futures::stream::{self, Stream, StreamExt};
use pin_project::pin_project;
use serde::de::DeserializeOwned;

use super::conclude::conclude;
use super::flow::Incoming;
use super::outputs::poll_output;
use super::pulse::Pulse;
use super::task::send_all;
use super::{Ends, Flow, Outputs, Stage, StageContext, StageError, StageReport, concurrent};
use crate::channel::{BadItem, Event, Receiver, Sender};
use crate::error::Error;

/// A stage that handles one item at a time.
///
/// Implemented by `#[pipeline_stage]` for a function of an item.
pub trait ItemStage: Stage {
    /// What the stage remembers from item to item, made anew for each run.
    type State: Default + Send + 'static;
    /// The parameters of a run.
    type Params: DeserializeOwned + Send + Sync + 'static;
    /// What becomes of one item.
    type Outputs: Outputs<Item = Self::Out>;

    /// Items that are handled at once; with more than 1 there is no state.
    const CONCURRENCY: usize = 1;
    /// Whether outputs keep the order of their items.
    const ORDERED: bool = true;
    /// Whether calls use the context, and so may send messages.
    const USES_CONTEXT: bool = true;

    /// Begins to handle an item. What the future needs of `run` it takes or clones.
    fn apply(
        &self,
        item: Self::In,
        run: &mut ItemRun<Self::State, Self::Params>,
    ) -> impl Future<Output = Applied<Self::Outputs, Self::State>> + Send + 'static + use<Self>;

    /// Whether items that cannot be read are for [`bad_item`](Self::bad_item), and the stage goes
    /// on after them.
    fn is_for_bad_items(&self) -> bool {
        false
    }

    /// Deals with an item that cannot be read.
    fn bad_item(&self, bad: BadItem, _: &StageContext) -> BoxFuture<'static, Result<(), Error>> {
        ready(Err(bad.into())).boxed()
    }
}

/// What one run of an [`ItemStage`] has at hand for its items.
#[derive(Debug)]
pub struct ItemRun<S, P> {
    /// `None` before the first call that needs it. Such a call takes it or leaves it here; what it
    /// takes is given back with its result.
    pub state: Option<S>,
    /// The parameters.
    pub params: Arc<P>,
    /// The circumstances.
    pub context: StageContext,
    /// Number of the item, from 0.
    pub number: u64,
}

/// The state of a run of `G`, in its place.
#[inline]
pub fn state<G: ItemStage>(run: &mut RunOf<G>) -> &mut G::State {
    run.state.get_or_insert_default()
}

/// The state of a run of `G`, taken out of its place, for [`Applied`] to give it back.
#[inline]
pub fn take_state<G: ItemStage>(run: &mut RunOf<G>) -> G::State {
    run.state.take().unwrap_or_default()
}

/// The result of one call.
#[derive(Debug)]
pub struct Applied<O, S> {
    /// What became of the item.
    pub outputs: Result<O, Error>,
    /// The state, if the call had taken it.
    pub state: Option<S>,
}

impl<O, S> Applied<O, S> {
    /// The result of a call that did not take the state.
    #[inline]
    pub fn stateless(outputs: Result<O, Error>) -> Self {
        Self {
            outputs,
            state: None,
        }
    }
}

/// The run of a stage `G`.
pub type RunOf<G> = ItemRun<<G as ItemStage>::State, <G as ItemStage>::Params>;

/// Joins an item stage to its input within the process.
#[inline]
pub fn fuse<G, S>(
    stage: G,
    input: S,
    context: StageContext,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    match context.params() {
        Ok(params) => Either::Left(join(stage, input, params, context)),
        Err(refused) => Either::Right(stream::once(ready(Err(refused)))),
    }
}

/// Joins an item stage to its input, its parameters read.
#[inline]
fn join<G, S>(
    stage: G,
    input: S,
    params: G::Params,
    context: StageContext,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    let run = ItemRun {
        state: None,
        params: Arc::new(params),
        context,
        number: 0,
    };
    if G::CONCURRENCY > 1 {
        // The type of the input must not stand in both arms: it would double with every stage, and
        // compilation take time exponential in the stages of a pipeline.
        return Either::Left(concurrent::join(stage, input.boxed(), run));
    }
    let apply = |stage: &G, item, run: &mut RunOf<G>| stage.apply(item, run);
    Either::Right(Items {
        stage,
        input,
        apply,
        call: None,
        outputs: None,
        run,
        number: 0,
        failure: None,
        over: false,
    })
}

/// One item after the other.
///
/// Messages that a call has sent go before its outputs.
///
/// | `outputs` | `call` | does |
/// |---|---|---|
/// | some | - | gives them, one by one |
/// | none | some | waits for the call, which gives outputs |
/// | none | none | takes the next item and begins a call |
#[pin_project]
struct Items<G: ItemStage, S, A, C> {
    stage: G,
    #[pin]
    input: S,
    apply: A,
    #[pin]
    call: Option<C>,
    #[pin]
    outputs: Option<G::Outputs>,
    run: RunOf<G>,
    /// Number of the next item, from 0.
    number: u64,
    /// How the stage failed, while messages are left to be given before.
    failure: Option<StageError>,
    over: bool,
}

impl<G, S, A, C> Stream for Items<G, S, A, C>
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>>,
    A: Fn(&G, G::In, &mut RunOf<G>) -> C,
    C: Future<Output = Applied<G::Outputs, G::State>>,
{
    type Item = Flow<G::Out>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<G::Out>>> {
        let mut this = self.project();
        if *this.over {
            return Poll::Ready(None);
        }
        let run = this.run;
        let mut failure = this.failure.take();
        let failure = loop {
            if let Some(failure) = failure.take() {
                break failure;
            }
            let number = this.number.wrapping_sub(1);
            // A message that a call has sent stands before what the call gives.
            if G::USES_CONTEXT
                && this.call.is_none()
                && let Some(remark) = run.context.aside().pop()
            {
                return Poll::Ready(Some(Ok(remark.into())));
            }
            if let Some(outputs) = this.outputs.as_mut().as_pin_mut() {
                match ready!(poll_output(outputs, cx, run.context.stage(), number)) {
                    Some(Ok(item)) => return Poll::Ready(Some(Ok(Event::Item(item)))),
                    Some(Err(failure)) => break failure,
                    None => this.outputs.set(None),
                }
            }
            if let Some(call) = this.call.as_mut().as_pin_mut() {
                match catch_unwind(AssertUnwindSafe(|| call.poll(cx))) {
                    Ok(polled) => {
                        let applied = ready!(polled);
                        this.call.set(None);
                        if applied.state.is_some() {
                            run.state = applied.state;
                        }
                        match applied.outputs {
                            Ok(outputs) => this.outputs.set(Some(outputs)),
                            Err(error) => {
                                let stage = run.context.stage();
                                break StageError::returned(stage, Some(number), error);
                            }
                        }
                        continue;
                    }
                    Err(panic) => {
                        break StageError::panicked(run.context.stage(), Some(number), &*panic);
                    }
                }
            }
            match ready!(this.input.as_mut().poll_next(cx)) {
                Some(Ok(Event::Item(item))) => {
                    run.number = *this.number;
                    *this.number += 1;
                    let (stage, apply) = (&*this.stage, &*this.apply);
                    match catch_unwind(AssertUnwindSafe(|| apply(stage, item, run))) {
                        Ok(call) => this.call.set(Some(call)),
                        Err(panic) => {
                            let number = Some(*this.number - 1);
                            break StageError::panicked(run.context.stage(), number, &*panic);
                        }
                    }
                }
                Some(Ok(Event::Message(text))) => {
                    return Poll::Ready(Some(Ok(Event::Message(text))));
                }
                Some(Ok(Event::Progress(progress))) => {
                    return Poll::Ready(Some(Ok(Event::Progress(progress))));
                }
                Some(Err(error)) => break error,
                None => {
                    *this.over = true;
                    return Poll::Ready(None);
                }
            }
        };
        this.call.set(None);
        this.outputs.set(None);
        // What the call has said before it failed.
        if G::USES_CONTEXT
            && let Some(remark) = run.context.aside().pop()
        {
            *this.failure = Some(failure);
            return Poll::Ready(Some(Ok(remark.into())));
        }
        *this.over = true;
        Poll::Ready(Some(Err(failure)))
    }
}

/// Runs an item stage over channels.
#[allow(clippy::manual_async_fn)] // `Send` is promised here, not found missing far away.
pub fn serve<G: ItemStage>(
    stage: G,
    mut ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
    async move {
        let pulse = Pulse::of_stream(context.clone());
        let id = context.stage();
        let (reader, writer) = pulse.attach(&mut ends).await?;
        let mut receiver = Receiver::<G::In, G::InFormat>::new(reader);
        if stage.is_for_bad_items() {
            receiver = receiver.go_on_after_bad_items();
        }
        let mut sender = Sender::<G::Out, G::OutFormat>::new(writer);
        let ended = pulse
            .run(async {
                let params = context.params()?;
                let header = receiver
                    .header()
                    .await
                    .map_err(|error| StageError::input(id, error))?;
                context.set_metadata(header.and_then(|header| header.content.clone()));
                sender.set_metadata(context.metadata());
                // Lets the reader know at once that there is somebody.
                sender
                    .flush()
                    .await
                    .map_err(|error| StageError::output(id, error))?;
                let mut input = Incoming::new(receiver, id);
                if stage.is_for_bad_items() {
                    let (stage, context) = (stage.clone(), context.clone());
                    input = input.with_bad_items(move |bad| stage.bad_item(bad, &context));
                }
                let output = join(stage, input, params, context.clone());
                send_all(output, &mut sender, id).await
            })
            .await;
        conclude(&context, Some(sender), ended).await?;
        Ok(pulse.report())
    }
}
