use std::future::Future;

use futures::future::BoxFuture;

use super::Retry;
use super::layer::{Called, Layer};
use crate::channel::BadItem;
use crate::error::Result;
use crate::stage::items::RunOf;
use crate::stage::{ItemStage, StageContext};
use crate::worker::Backoff;

/// A stage with retries; see [`ItemStageExt::retry`](super::ItemStageExt::retry).
#[derive(Clone, Debug)]
pub struct Retried<G> {
    stage: G,
    retry: Retry,
}

impl<G> Retried<G> {
    pub(super) fn new(stage: G, times: u32, backoff: Backoff) -> Self {
        Self {
            stage,
            retry: Retry::new(times, backoff),
        }
    }

    /// Returns the inner stage.
    pub fn get_ref(&self) -> &G {
        &self.stage
    }

    /// Returns the inner stage.
    pub fn get_mut(&mut self) -> &mut G {
        &mut self.stage
    }

    /// Returns the inner stage; the inverse is [`ItemStageExt::retry`](super::ItemStageExt::retry).
    pub fn into_inner(self) -> G {
        self.stage
    }
}

impl<G> Layer for Retried<G>
where
    G: ItemStage<In: Clone + Sync>,
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
        self.stage.apply_again(item, run, self.retry.clone())
    }

    fn call_again(
        &self,
        item: G::In,
        run: &mut RunOf<G>,
        retry: Retry,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<G> {
        let retry = self.retry.clone().within(retry);
        self.stage.apply_again(item, run, retry)
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
