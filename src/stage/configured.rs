use std::future::Future;

use futures::Stream;
use serde::Serialize;
use serde_json::Value;

use super::{Ends, Flow, Placement, Stage, StageContext, StageError, StageReport};

/// A stage with parameters; see [`StageExt::with_params`](super::StageExt::with_params).
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
