use std::future::Future;

use futures::Stream;
use futures::future::BoxFuture;
use serde::Serialize;
use serde_json::Value;

use super::{
    Consumer, Ends, Flow, Placement, Producer, Service, Stage, StageContext, StageError, StageInfo,
    StageReport,
};
use crate::channel::{Receiver, Sender};
use crate::error::Error;

/// A stage, a producer or a consumer with parameters; see [`StageExt::with_params`](super::StageExt::with_params).
#[derive(Clone, Debug)]
pub struct Configured<S> {
    stage: S,
    params: Value,
}

impl<S> Configured<S> {
    pub(super) fn new(stage: S, params: &impl Serialize) -> Self {
        let params = serde_json::to_value(params).expect("the parameters have a JSON form");
        Self { stage, params }
    }

    /// The stage below.
    pub fn get_ref(&self) -> &S {
        &self.stage
    }

    /// The stage below.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stage
    }

    /// The stage below; the inverse is [`StageExt::with_params`](super::StageExt::with_params).
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

    fn id(&self) -> String {
        self.stage.id()
    }

    fn placement(&self) -> Placement {
        self.stage.placement()
    }

    fn params(&self) -> Value {
        self.params.clone()
    }

    fn fuse<I>(
        self,
        input: I,
        context: StageContext,
    ) -> impl Stream<Item = Flow<S::Out>> + Send + 'static
    where
        I: Stream<Item = Flow<S::In>> + Send + 'static,
    {
        self.stage.fuse(input, context.with_params(self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.with_params(self.params))
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
        self.stage.fuse(context.with_params(self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.with_params(self.params))
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
        self.stage.fuse(input, context.with_params(self.params))
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context.with_params(self.params))
    }
}

impl<S: Service> Service for Configured<S> {
    fn service_id(&self) -> String {
        self.stage.service_id()
    }

    fn service_info(&self) -> StageInfo {
        self.stage.service_info()
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        let context = context.with_params(self.params.clone());
        self.stage.serve_boxed(ends, context)
    }
}
