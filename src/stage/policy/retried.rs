use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use uuid::Uuid;

use crate::channel::BadItem;
use crate::error::Result;
use crate::stage::{
    Applied, Ends, Flow, ItemRun, ItemStage, Service, Stage, StageContext, StageError, StageInfo,
    StageReport, items,
};
use crate::worker::Backoff;

/// A stage that tries again; see [`ItemStageExt::retry`](super::ItemStageExt::retry).
#[derive(Clone, Debug)]
pub struct Retried<G> {
    stage: G,
    times: u32,
    backoff: Backoff,
}

impl<G> Retried<G> {
    pub(super) fn new(stage: G, times: u32, backoff: Backoff) -> Self {
        Self {
            stage,
            times,
            backoff,
        }
    }

    /// The stage below.
    pub fn get_ref(&self) -> &G {
        &self.stage
    }

    /// The stage below.
    pub fn get_mut(&mut self) -> &mut G {
        &mut self.stage
    }

    /// The stage below; the inverse is [`ItemStageExt::retry`](super::ItemStageExt::retry).
    pub fn into_inner(self) -> G {
        self.stage
    }
}

#[diagnostic::do_not_recommend]
impl<G> Stage for Retried<G>
where
    G: ItemStage<In: Clone + Sync>,
{
    type In = G::In;
    type Out = G::Out;
    type InFormat = G::InFormat;
    type OutFormat = G::OutFormat;

    fn id(&self) -> String {
        self.stage.id()
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<G::In>> + Send + 'static,
    {
        items::fuse(self, input, context)
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        items::serve(self, ends, context)
    }
}

impl<G> Service for Retried<G>
where
    G: ItemStage<In: Clone + Sync>,
{
    fn service_id(&self) -> String {
        self.id()
    }

    fn service_info(&self) -> StageInfo {
        Stage::info(self)
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}

impl<G> ItemStage for Retried<G>
where
    G: ItemStage<In: Clone + Sync>,
{
    type State = G::State;
    type Params = G::Params;
    type Outputs = G::Outputs;

    const CONCURRENCY: usize = G::CONCURRENCY;
    const ORDERED: bool = G::ORDERED;
    const USES_CONTEXT: bool = G::USES_CONTEXT;

    fn apply(
        &self,
        item: G::In,
        run: &mut ItemRun<G::State, G::Params>,
    ) -> impl Future<Output = Applied<G::Outputs, G::State>> + Send + 'static + use<G> {
        let this = self.clone();
        let call = self.stage.apply(item.clone(), run);
        // A call may leave the state in its place, so that place is lent to the calls that follow.
        let mut again = ItemRun {
            state: run.state.take(),
            params: Arc::clone(&run.params),
            context: run.context.clone(),
            number: run.number,
        };
        async move {
            let mut applied = call.await;
            for failed in 0..this.times {
                if applied.outputs.is_ok() {
                    break;
                }
                let random = Uuid::new_v4().as_fields().0;
                let Some(wait) = this.backoff.delay(failed, random) else {
                    break;
                };
                if applied.state.is_some() {
                    again.state = applied.state.take();
                }
                tokio::time::sleep(wait).await;
                applied = this.stage.apply(item.clone(), &mut again).await;
            }
            Applied {
                outputs: applied.outputs,
                state: applied.state.or(again.state),
            }
        }
    }

    fn bad_item(&self, bad: BadItem, context: &StageContext) -> BoxFuture<'static, Result<()>> {
        self.stage.bad_item(bad, context)
    }

    fn is_for_bad_items(&self) -> bool {
        self.stage.is_for_bad_items()
    }
}
