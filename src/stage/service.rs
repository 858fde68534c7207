use futures::future::BoxFuture;

use super::{Ends, StageContext, StageError, StageInfo, StageKind, StageReport};
use crate::worker::ResourceType;

/// A stage, producer or consumer without its types, as registered by a worker.
///
/// Implemented by `#[pipeline_stage]`. A hand-written [`Stage`](super::Stage) implements it with
/// [`Stage::serve`](super::Stage::serve).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here"
)]
pub trait Service: Send + Sync + 'static {
    /// The id used for registration.
    fn service_id(&self) -> String;

    /// The description that is registered; by default, that it is a stage.
    fn service_info(&self) -> StageInfo {
        StageInfo::new(StageKind::Stage, None, None)
    }

    /// The types of the resources that it takes.
    #[doc(hidden)]
    fn resource_types(&self) -> Vec<ResourceType> {
        Vec::new()
    }

    /// Runs it between the ends of channels.
    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>>;
}
