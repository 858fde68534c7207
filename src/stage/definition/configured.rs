use std::future::Future;

use futures::Stream;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::super::items::RunOf;
use super::super::{
    Applied, Consumer, Ends, Flow, ItemStage, Part, Producer, Retry, Service, Stage, StageContext,
    StageError, StageFacts, StageInfo, StageReport,
};
use crate::channel::{BadItem, Receiver, Sender};
use crate::error::Error;
use crate::worker::ResourceType;

/// A stage, a producer or a consumer with parameters; see
/// [`StageExt::with_params`](super::super::StageExt::with_params).
#[derive(Clone, Debug)]
pub struct Configured<S> {
    stage: S,
    params: Value,
}

impl<S> Configured<S> {
    pub(in crate::stage) fn new(stage: S, params: &impl Serialize) -> Self {
        let params = serde_json::to_value(params).expect("the parameters have a JSON form");
        Self { stage, params }
    }

    /// Returns the inner stage.
    pub fn get_ref(&self) -> &S {
        &self.stage
    }

    /// Returns the inner stage.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stage
    }

    /// Returns the inner stage; the inverse is
    /// [`StageExt::with_params`](super::super::StageExt::with_params).
    pub fn into_inner(self) -> S {
        self.stage
    }
}

#[diagnostic::do_not_recommend]
impl<S: Stage> Stage for Configured<S> {
    type In = S::In;
    type Out = S::Out;
    type InFormat = S::InFormat;
    type OutFormat = S::OutFormat;

    const HAS_POLICY: bool = S::HAS_POLICY;

    fn facts(&self) -> StageFacts {
        self.stage.facts().configured(self.params.clone())
    }

    fn parts(self) -> Vec<Part> {
        Part::configure(self.stage.parts(), &self.params)
    }

    fn fuse<I>(
        self,
        input: I,
        context: StageContext,
    ) -> impl Stream<Item = Flow<S::Out>> + Send + 'static
    where
        I: Stream<Item = Flow<S::In>> + Send + 'static,
    {
        self.stage.fuse(input, context.configured(&self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.configured(&self.params))
    }
}

/// Allows a policy to be set after the parameters.
#[diagnostic::do_not_recommend]
impl<S: ItemStage> ItemStage for Configured<S> {
    type State = S::State;
    type Params = S::Params;
    type Outputs = S::Outputs;

    const CONCURRENCY: usize = S::CONCURRENCY;
    const ORDERED: bool = S::ORDERED;
    const USES_CONTEXT: bool = S::USES_CONTEXT;
    const IS_GUARDED: bool = S::IS_GUARDED;
    const FINISHES: bool = S::FINISHES;

    fn finish(&self, run: &mut RunOf<S>) -> Result<Vec<S::Out>, Error> {
        self.stage.finish(run)
    }

    fn apply(
        &self,
        item: S::In,
        run: &mut RunOf<S>,
    ) -> impl Future<Output = Applied<S::Outputs, S::State>> + Send + 'static + use<S> {
        self.stage.apply(item, run)
    }

    fn apply_again(
        &self,
        item: S::In,
        run: &mut RunOf<S>,
        retry: Retry,
    ) -> impl Future<Output = Applied<S::Outputs, S::State>> + Send + 'static + use<S>
    where
        S::In: Clone + Sync,
    {
        self.stage.apply_again(item, run, retry)
    }

    fn ends(&self) -> Vec<BoxFuture<'static, Result<(), Error>>> {
        self.stage.ends()
    }

    fn is_for_bad_items(&self) -> bool {
        self.stage.is_for_bad_items()
    }

    fn bad_item(
        &self,
        bad: BadItem,
        context: &StageContext,
    ) -> BoxFuture<'static, Result<(), Error>> {
        self.stage.bad_item(bad, context)
    }
}

#[diagnostic::do_not_recommend]
impl<P: Producer> Producer for Configured<P> {
    type Out = P::Out;
    type Format = P::Format;
    type Params = P::Params;

    fn id(&self) -> String {
        self.stage.id()
    }

    fn start(
        &self,
        output: Sender<P::Out, P::Format>,
        params: P::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<P> {
        self.stage.start(output, params, context)
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<P::Out>> + Send + 'static {
        self.stage.fuse(context.configured(&self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.configured(&self.params))
    }
}

#[diagnostic::do_not_recommend]
impl<C: Consumer> Consumer for Configured<C> {
    type In = C::In;
    type Format = C::Format;
    type Params = C::Params;

    fn id(&self) -> String {
        self.stage.id()
    }

    fn start(
        &self,
        input: Receiver<C::In, C::Format>,
        params: C::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<C> {
        self.stage.start(input, params, context)
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Future<Output = Result<(), StageError>> + Send + 'static
    where
        S: Stream<Item = Flow<C::In>> + Send + 'static,
    {
        self.stage.fuse(input, context.configured(&self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.configured(&self.params))
    }
}

impl<S: Service> Service for Configured<S> {
    fn service_id(&self) -> String {
        self.stage.service_id()
    }

    fn service_info(&self) -> StageInfo {
        self.stage.service_info()
    }

    fn resource_types(&self) -> Vec<ResourceType> {
        self.stage.resource_types()
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        let context = context.configured(&self.params);
        self.stage.serve_boxed(ends, context)
    }
}
