use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Ends, IntoStage, Service, StageContext, StageError, StageReport, StageRequest};
use crate::worker::{FunctionError, Invocation, RegisterError, Worker};

impl Worker {
    /// Registers a stage, a producer or a consumer by its own id.
    ///
    /// It is triggered with a [`StageRequest`] and answers with a [`StageReport`] when the stream
    /// is over. A run is cancelled when the worker shuts down and does not finish in time.
    ///
    /// # Errors
    ///
    /// When the id is taken in this worker, or not allowed.
    pub fn register<Form>(&self, stage: impl IntoStage<Form>) -> Result<(), RegisterError> {
        let stage: Arc<dyn Service> = Arc::new(stage.into_stage());
        let id = stage.service_id();
        let info = stage.service_info();
        let description = info.description.as_deref();
        let description = description.unwrap_or("a stage of a pipewright pipeline");
        let function = self.function(id).description(description).metadata(&info);
        let run = move |request: StageRequest, invocation: Invocation| {
            let stage = Arc::clone(&stage);
            async move {
                run(&*stage, request, &invocation)
                    .await
                    .map_err(|failure| refused(&failure))
            }
        };
        function.register(run)
    }
}

async fn run(
    stage: &dyn Service,
    request: StageRequest,
    invocation: &Invocation,
) -> Result<StageReport, StageError> {
    let worker = invocation.worker();
    let ends = Ends {
        reader: request
            .reader_ref
            .map(|reader_ref| worker.reader(&reader_ref)),
        writer: request
            .writer_ref
            .map(|writer_ref| worker.writer(&writer_ref)),
    };
    let cancelled = CancellationToken::new();
    let context = StageContext::new(stage.service_id(), cancelled.clone())
        .with_params(request.params)
        .with_worker(worker.clone());
    let context = match request.progress_ms {
        Some(interval) => context.with_progress_interval(Duration::from_millis(interval)),
        None => context,
    };
    let mut serving = stage.serve_boxed(ends, context);
    let Some(cancel_ref) = request.cancel_ref else {
        return serving.await;
    };
    let mut leash = worker.reader(&cancel_ref).unobserved();
    tokio::select! {
        ended = &mut serving => return ended,
        // However it ends, whoever started the run has let go of it.
        _ = leash.next_bytes() => cancelled.cancel(),
    }
    serving.await
}

/// The failure as the caller of the stage gets it: the abort as JSON in the message, so that
/// nothing of it is lost.
fn refused(failure: &StageError) -> FunctionError {
    let message = serde_json::to_string(failure.abort()).unwrap_or_else(|_| failure.to_string());
    FunctionError::new(failure.abort().code.clone(), message)
}
