//! Stages that process one item at a time.

use std::future::{Future, ready};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::{BoxFuture, try_join_all};
use futures::stream::{Stream, StreamExt};

use super::fused::item_stage::FusedItemStage;
use super::fused::sequential::Sequential;
use super::policy::{Retry, again};
use super::serve_stream::serve_stream;
use super::{
    CatchPanic, Ends, Flow, FormatChecked, KeepsOrder, Outputs, Params, Stage, StageContext,
    StageError, StageReport, fused::concurrent,
};
use crate::channel::BadItem;
use crate::error::Error;

/// A stage that processes one item at a time.
///
/// Implemented by `#[pipeline_stage]` for a function of an item.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle one item at a time",
    label = "not a stage of single items",
    note = "policies, dead letters and retries are for functions of an item; a function of a \
            `Receiver` or a `Sender` handles errors itself",
    note = "policies come before a stage is composed: `parse.on_error(..).then(check)`"
)]
pub trait ItemStage: Stage {
    /// State that the stage keeps between items, created for each run.
    type State: Default + Send + 'static;
    /// The type of the parameters.
    type Params: Params + Send + Sync + 'static;
    /// The outputs of one item.
    type Outputs: Outputs<Item = Self::Out>;

    /// Number of items processed concurrently. With more than 1 there is no state.
    const CONCURRENCY: usize = 1;
    /// Whether outputs keep the order of their items.
    const ORDERED: bool = true;
    /// Whether calls use the context, and may therefore send messages.
    const USES_CONTEXT: bool = true;
    /// Whether a policy or dead letters are set.
    #[doc(hidden)]
    const IS_GUARDED: bool = false;

    /// Whether [`finish`](Self::finish) is to be called.
    const FINISHES: bool = false;

    /// Processes an item synchronously. Available if the function is not `async`, returns at most
    /// one output, and does not use the context. It has the same effect as [`apply`](Self::apply).
    const AT_ONCE: Option<AtOnce<Self>> = None;

    /// Starts to process an item. The future takes or clones what it needs of `run`.
    fn apply(
        &self,
        item: Self::In,
        run: &mut ItemRun<Self::State, Self::Params>,
    ) -> impl Future<Output = Applied<Self::Outputs, Self::State>> + Send + 'static + use<Self>;

    /// Processes an item, repeatedly while that fails and `retry` allows it.
    ///
    /// A policy applies to the final failure.
    fn apply_again(
        &self,
        item: Self::In,
        run: &mut ItemRun<Self::State, Self::Params>,
        retry: Retry,
    ) -> impl Future<Output = Applied<Self::Outputs, Self::State>> + Send + 'static + use<Self>
    where
        Self::In: Clone + Sync,
    {
        again(self.clone(), item, run, retry)
    }

    /// Called once at the end of the input, after the last item. Returns the last outputs. Not
    /// called if the input fails, or if the reader of the output has left.
    fn finish(&self, _: &mut ItemRun<Self::State, Self::Params>) -> Result<Vec<Self::Out>, Error> {
        Ok(Vec::new())
    }

    /// Futures that a run awaits after it has dropped the stage, such as the end of its dead
    /// letters. Must be requested before that.
    fn ends(&self) -> Vec<BoxFuture<'static, Result<(), Error>>> {
        Vec::new()
    }

    /// Whether [`bad_item`](Self::bad_item) handles unreadable items, and the stage continues after
    /// them.
    fn is_for_bad_items(&self) -> bool {
        false
    }

    /// Handles an unreadable item.
    fn bad_item(&self, bad: BadItem, _: &StageContext) -> BoxFuture<'static, Result<(), Error>> {
        ready(Err(bad.into())).boxed()
    }
}

/// The state of one run of an [`ItemStage`].
#[derive(Debug)]
pub struct ItemRun<S, P> {
    /// `None` before the first call that needs it. A call uses it in place, or takes it and returns
    /// it with its result.
    pub state: Option<S>,
    /// The parameters.
    pub params: Arc<P>,
    /// The context of the run.
    pub context: StageContext,
    /// Number of the item, from 0; one less before the first.
    pub number: u64,
}

impl<S, P> ItemRun<S, P> {
    fn new(params: P, context: StageContext) -> Self {
        Self {
            state: None,
            params: Arc::new(params),
            context,
            number: u64::MAX,
        }
    }
}

/// Processes an item synchronously and returns its output, `None` or an error.
pub type AtOnce<G> =
    fn(&G, <G as Stage>::In, &mut RunOf<G>) -> Result<Option<<G as Stage>::Out>, Error>;

/// Returns the state of a run of `G`, in place.
#[inline]
pub fn state<G: ItemStage>(place: &mut Option<G::State>) -> &mut G::State {
    place.get_or_insert_default()
}

/// Takes the state of a run of `G`; [`Applied`] returns it.
#[inline]
pub fn take_state<G: ItemStage>(place: &mut Option<G::State>) -> G::State {
    place.take().unwrap_or_default()
}

/// The result of one call.
#[derive(Debug)]
pub struct Applied<O, S> {
    /// The outputs of the item.
    pub outputs: Result<O, Error>,
    /// The state, if the call took it.
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

/// Whether the outputs of an item stage keep the order of their items.
pub const fn keeps_order<G: ItemStage>() -> KeepsOrder {
    if G::CONCURRENCY <= 1 || G::ORDERED {
        KeepsOrder::Yes
    } else {
        KeepsOrder::No
    }
}

/// Connects an item stage to its input within the process.
#[inline]
#[allow(clippy::needless_pass_by_value)] // The same signature for every kind of stage.
pub fn fuse<G, S>(
    stage: G,
    input: S,
    context: StageContext,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    let facts = stage.facts();
    let context = context.configured(&facts.params).for_stage(facts.id);
    let params = context.params();
    for end in stage.ends() {
        context.end_with(end);
    }
    let output = join(stage, input, params, context.clone());
    context.local_stats(FormatChecked::<_, G::OutFormat>::new(
        output,
        context.clone(),
    ))
}

/// Connects an item stage to its input. Rejected parameters fail the run.
#[inline]
fn join<G, S>(
    stage: G,
    input: S,
    params: Result<G::Params, StageError>,
    context: StageContext,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
where
    G: ItemStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    let params = match params {
        Ok(params) => params,
        Err(refused) => return FusedItemStage::refused(refused),
    };
    let run = ItemRun::new(params, context);
    if G::CONCURRENCY > 1 {
        // The input type must not occur in both branches: it would double with every stage, and the
        // time to compile a pipeline would be exponential in its length.
        let input = CatchPanic::new(input).boxed();
        return FusedItemStage::concurrent(concurrent::join(stage, input, run).boxed());
    }
    FusedItemStage::one_by_one(Sequential::new(stage, input, apply, run))
}

/// [`ItemStage::apply`], as a type that does not grow with the stages before it.
#[inline]
fn apply<G: ItemStage>(
    stage: &G,
    item: G::In,
    run: &mut RunOf<G>,
) -> impl Future<Output = Applied<G::Outputs, G::State>> + Send + 'static + use<G> {
    stage.apply(item, run)
}

/// Runs an item stage over channels.
#[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
pub fn serve<G: ItemStage>(
    stage: G,
    ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
    async move {
        let context = context.configured(&stage.facts().params);
        let held = stage.ends();
        let served = serve_items(stage, ends, context.clone()).await;
        if held.is_empty() {
            return served;
        }
        tokio::select! {
            ended = try_join_all(held) => {
                let ended = ended.map_err(|error| StageError::returned(context.stage(), None, error));
                served.and_then(|report| ended.map(|_| report))
            }
            () = context.cancelled() => served,
        }
    }
}

/// Runs an item stage over channels, then drops it.
fn serve_items<G: ItemStage>(
    stage: G,
    ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
    let bad_items = stage.is_for_bad_items();
    let own = context.clone();
    let join = move |params, input| join(stage, input, Ok(params), own);
    serve_stream::<G::In, G::InFormat, G::Out, G::OutFormat, _, _, _>(
        ends,
        context,
        bad_items,
        StageContext::params,
        join,
    )
}
