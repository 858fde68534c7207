use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Ends, IntoStage, Service, StageContext, StageError, StageReport, StageRequest};
use crate::worker::{FunctionError, Invocation, RegisterError, Registration, Worker};

impl Worker {
    /// Registers a stage, a producer or a consumer by its own id.
    ///
    /// It is triggered with a [`StageRequest`] and answers with a [`StageReport`] when the stream
    /// is over. A run is cancelled when its caller no longer waits for it, and when the worker shuts
    /// down and does not finish in time.
    ///
    /// One worker serves a stage; others that register it wait until that one leaves. Several serve
    /// it at the same time when each registers it as
    /// [shared](Registration::shared): `worker.register(stage)?.shared()?`.
    ///
    /// # Errors
    ///
    /// When the id is taken in this worker, or not allowed.
    pub fn register<Form>(
        &self,
        stage: impl IntoStage<Form>,
    ) -> Result<Registration, RegisterError> {
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
        function.registration(run)
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
    let let_go = async {
        match request.cancel_ref {
            // However it ends, whoever started the run has let go of it.
            Some(cancel_ref) => drop(worker.reader(&cancel_ref).unobserved().next_bytes().await),
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = &mut serving => return ended.map(|report| report.by(worker.name())),
        () = let_go => cancelled.cancel(),
        () = invocation.given_up() => cancelled.cancel(),
    }
    serving.await.map(|report| report.by(worker.name()))
}

/// The failure as the caller of the stage gets it: the abort as JSON in the message, so that
/// nothing of it is lost.
fn refused(failure: &StageError) -> FunctionError {
    let message = serde_json::to_string(failure.abort()).unwrap_or_else(|_| failure.to_string());
    FunctionError::new(failure.abort().code.clone(), message)
}
