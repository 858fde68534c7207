use std::future::Future;

use futures::Stream;
use futures::future::BoxFuture;

use super::super::{
    Ends, Flow, Part, Service, Stage, StageContext, StageError, StageFacts, StageInfo, StageReport,
};
use crate::worker::ResourceType;

/// A stage under another id; see [`StageExt::with_id`](super::super::StageExt::with_id).
#[derive(Clone, Debug)]
pub struct Renamed<S> {
    stage: S,
    id: String,
    description: Option<String>,
}

impl<S> Renamed<S> {
    pub(in crate::stage) fn new(stage: S, id: impl Into<String>) -> Self {
        Self {
            stage,
            id: id.into(),
            description: None,
        }
    }

    /// Replaces the description that workers register the stage with.
    #[must_use]
    pub fn with_description(self, description: impl Into<String>) -> Self {
        Self {
            description: Some(description.into()),
            ..self
        }
    }

    /// Returns the inner stage.
    pub fn get_ref(&self) -> &S {
        &self.stage
    }

    /// Returns the inner stage.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stage
    }

    /// Returns the inner stage. The inverse is
    /// [`StageExt::with_id`](super::super::StageExt::with_id).
    pub fn into_inner(self) -> S {
        self.stage
    }

    fn info(&self, info: StageInfo) -> StageInfo {
        let description = self.description.clone().or(info.description.clone());
        StageInfo {
            description,
            ..info
        }
    }
}

#[diagnostic::do_not_recommend]
impl<S: Stage> Stage for Renamed<S> {
    type In = S::In;
    type Out = S::Out;
    type InFormat = S::InFormat;
    type OutFormat = S::OutFormat;

    const HAS_POLICY: bool = S::HAS_POLICY;

    fn facts(&self) -> StageFacts {
        let facts = self.stage.facts();
        StageFacts {
            id: self.id.clone(),
            info: self.info(facts.info.clone()),
            ..facts
        }
    }

    fn parts(self) -> Vec<Part> {
        Part::of(self)
    }

    fn fuse<I>(
        self,
        input: I,
        context: StageContext,
    ) -> impl Stream<Item = Flow<S::Out>> + Send + 'static
    where
        I: Stream<Item = Flow<S::In>> + Send + 'static,
    {
        self.stage.fuse(input, context)
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        self.stage.serve(ends, context)
    }
}

impl<S: Service> Service for Renamed<S> {
    fn service_id(&self) -> String {
        self.id.clone()
    }

    fn service_info(&self) -> StageInfo {
        self.info(self.stage.service_info())
    }

    fn resource_types(&self) -> Vec<ResourceType> {
        self.stage.resource_types()
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.stage.serve_boxed(ends, context)
    }
}
