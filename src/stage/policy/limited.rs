use std::future::Future;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::timeout;

use super::Retry;
use super::layer::{Called, Layer};
use crate::channel::BadItem;
use crate::error::{Error, Result};
use crate::stage::items::{RunOf, again};
use crate::stage::{Applied, ItemStage, StageContext};

/// A stage with a time limit for each item; see
/// [`ItemStageExt::timeout`](super::ItemStageExt::timeout).
#[derive(Clone, Debug)]
pub struct Limited<G> {
    stage: G,
    limit: Duration,
}

impl<G> Limited<G> {
    pub(super) fn new(stage: G, limit: Duration) -> Self {
        Self { stage, limit }
    }

    /// Returns the inner stage.
    pub fn get_ref(&self) -> &G {
        &self.stage
    }

    /// Returns the inner stage.
    pub fn get_mut(&mut self) -> &mut G {
        &mut self.stage
    }

    /// Returns the inner stage; the inverse is
    /// [`ItemStageExt::timeout`](super::ItemStageExt::timeout).
    pub fn into_inner(self) -> G {
        self.stage
    }
}

impl<G> Layer for Limited<G>
where
    G: ItemStage<State = ()>,
{
    type Below = G;
    type Outputs = G::Outputs;

    const IS_GUARDED: bool = G::IS_GUARDED;

    fn below(&self) -> &G {
        &self.stage
    }

    fn call(
        &self,
        item: G::In,
        run: &mut RunOf<G>,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<G> {
        let limit = self.limit;
        let call = timeout(limit, self.stage.apply(item, run));
        async move {
            call.await.unwrap_or_else(|_| {
                let late = format_args!("the item was not processed within {limit:?}");
                Applied::stateless(Err(Error::msg(late)))
            })
        }
    }

    /// The limit applies to each attempt.
    fn call_again(
        &self,
        item: G::In,
        run: &mut RunOf<G>,
        retry: Retry,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<G>
    where
        G::In: Clone + Sync,
    {
        again(self.clone(), item, run, retry)
    }

    fn ends(&self) -> Vec<BoxFuture<'static, Result<()>>> {
        self.stage.ends()
    }

    fn is_for_bad_items(&self) -> bool {
        self.stage.is_for_bad_items()
    }

    fn bad_item(&self, bad: BadItem, context: &StageContext) -> BoxFuture<'static, Result<()>> {
        self.stage.bad_item(bad, context)
    }
}
