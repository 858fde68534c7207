use std::future::Future;

use futures::future::try_join_all;
use futures::stream::{Stream, StreamExt};

use super::super::fused::item_stage::FusedItemStage;
use super::super::fused::sequential::Sequential;
use super::super::serve_stream::serve_stream;
use super::super::{
    CatchPanic, Ends, Flow, FormatChecked, KeepsOrder, StageContext, StageError, StageReport,
    fused::concurrent,
};
use super::{Applied, ItemRun, ItemStage, RunOf};

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

/// [`ItemStage::apply`], as a type that does not depend on the stages before it.
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
