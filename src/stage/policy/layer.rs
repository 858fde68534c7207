use std::future::Future;

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};

use super::Retry;
use crate::channel::BadItem;
use crate::error::Error;
use crate::stage::items::RunOf;
use crate::stage::{
    Applied, Ends, Flow, ItemStage, Outputs, Part, Service, Stage, StageContext, StageError,
    StageFacts, StageInfo, StageReport, items,
};
use crate::worker::ResourceType;

/// A wrapper around an item stage that changes how calls are made, or what happens to failed items.
///
/// Everything else is forwarded to the inner stage here, in one place for all layers.
pub trait Layer: Clone + Send + Sync + 'static {
    /// The inner stage.
    type Below: ItemStage;
    /// The outputs of one item.
    type Outputs: Outputs<Item = <Self::Below as Stage>::Out>;

    /// Like [`ItemStage::IS_GUARDED`].
    const IS_GUARDED: bool;

    /// Returns the inner stage.
    fn below(&self) -> &Self::Below;

    /// See [`ItemStage::apply`].
    fn call(
        &self,
        item: <Self::Below as Stage>::In,
        run: &mut RunOf<Self::Below>,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<Self>;

    /// See [`ItemStage::apply_again`].
    fn call_again(
        &self,
        item: <Self::Below as Stage>::In,
        run: &mut RunOf<Self::Below>,
        retry: Retry,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<Self>
    where
        <Self::Below as Stage>::In: Clone + Sync;

    /// See [`ItemStage::ends`].
    fn ends(&self) -> Vec<BoxFuture<'static, Result<(), Error>>>;

    /// See [`ItemStage::is_for_bad_items`].
    fn is_for_bad_items(&self) -> bool;

    /// See [`ItemStage::bad_item`].
    fn bad_item(
        &self,
        bad: BadItem,
        context: &StageContext,
    ) -> BoxFuture<'static, Result<(), Error>>;
}

/// The result of a call through the layer `L`.
pub(super) type Called<L> =
    Applied<<L as Layer>::Outputs, <<L as Layer>::Below as ItemStage>::State>;

#[diagnostic::do_not_recommend]
impl<L: Layer> Stage for L {
    type In = <L::Below as Stage>::In;
    type Out = <L::Below as Stage>::Out;
    type InFormat = <L::Below as Stage>::InFormat;
    type OutFormat = <L::Below as Stage>::OutFormat;

    const HAS_POLICY: bool = true;

    fn facts(&self) -> StageFacts {
        self.below().facts()
    }

    fn parts(self) -> Vec<Part> {
        Part::of(self)
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<Self::In>> + Send + 'static,
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

#[diagnostic::do_not_recommend]
impl<L: Layer> ItemStage for L {
    type State = <L::Below as ItemStage>::State;
    type Params = <L::Below as ItemStage>::Params;
    type Outputs = L::Outputs;

    const CONCURRENCY: usize = L::Below::CONCURRENCY;
    const ORDERED: bool = L::Below::ORDERED;
    const USES_CONTEXT: bool = L::Below::USES_CONTEXT;
    const IS_GUARDED: bool = <L as Layer>::IS_GUARDED;
    const FINISHES: bool = L::Below::FINISHES;

    fn finish(&self, run: &mut RunOf<L::Below>) -> Result<Vec<Self::Out>, Error> {
        self.below().finish(run)
    }

    fn apply(
        &self,
        item: Self::In,
        run: &mut RunOf<L::Below>,
    ) -> impl Future<Output = Called<L>> + Send + 'static + use<L> {
        self.call(item, run)
    }

    fn apply_again(
        &self,
        item: Self::In,
        run: &mut RunOf<L::Below>,
        retry: Retry,
    ) -> impl Future<Output = Called<L>> + Send + 'static + use<L>
    where
        Self::In: Clone + Sync,
    {
        self.call_again(item, run, retry)
    }

    fn ends(&self) -> Vec<BoxFuture<'static, Result<(), Error>>> {
        Layer::ends(self)
    }

    fn is_for_bad_items(&self) -> bool {
        Layer::is_for_bad_items(self)
    }

    fn bad_item(
        &self,
        bad: BadItem,
        context: &StageContext,
    ) -> BoxFuture<'static, Result<(), Error>> {
        Layer::bad_item(self, bad, context)
    }
}

#[diagnostic::do_not_recommend]
impl<L: Layer> Service for L {
    fn service_id(&self) -> String {
        self.facts().id
    }

    fn service_info(&self) -> StageInfo {
        self.facts().info
    }

    fn resource_types(&self) -> Vec<ResourceType> {
        self.facts().resources
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}
