use futures::future::BoxFuture;

use super::{Ends, StageContext, StageError, StageInfo, StageKind, StageReport};

/// What a worker registers: a stage, a producer or a consumer with its types forgotten.
///
/// Implemented by `#[pipeline_stage]`. A [`Stage`](super::Stage) that is written by hand implements
/// it by way of [`Stage::serve`](super::Stage::serve).
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here"
)]
pub trait Service: Send + Sync + 'static {
    /// The id that it is registered by.
    fn service_id(&self) -> String;

    /// What it tells of itself where it is registered; unless told, that it is a stage.
    fn service_info(&self) -> StageInfo {
        StageInfo::new(StageKind::Stage, None, None)
    }

    /// Runs it between the ends of channels.
    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>>;
}
