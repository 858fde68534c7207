use futures::FutureExt;
use futures::future::BoxFuture;

use super::{Ends, Stage, StageContext, StageError, StageReport};

/// What a worker registers: a stage, a producer or a consumer with its types forgotten.
///
/// Implemented for every [`Stage`], and by `#[pipeline_stage]` for producers and consumers.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be registered as a stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here"
)]
pub trait Service: Send + Sync + 'static {
    /// The id that it is registered by.
    fn service_id(&self) -> String;

    /// Runs it between the ends of channels.
    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>>;
}

impl<S: Stage> Service for S {
    fn service_id(&self) -> String {
        self.id()
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}
