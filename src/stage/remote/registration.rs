use std::sync::Arc;
use std::time::Duration;

use futures::future::pending;
use tokio_util::sync::CancellationToken;

use super::super::shutdown::end_with_worker;
use super::super::{
    Control, Ends, IntoStage, Service, StageContext, StageError, StageReport, StageRequest,
};
use super::cancel::input_over;
use super::request::FailedStage;
use crate::channel::{ChannelReader, WriterWatch};
use crate::wire::Frame;
use crate::worker::{FunctionError, Invocation, RegisterError, Registration, Worker};

impl Worker {
    /// Registers a stage, a producer or a consumer under its own id.
    ///
    /// It is triggered with a [`StageRequest`] and answers with a [`StageReport`] at the end of the
    /// stream. If its caller no longer waits for the answer, the run is cancelled. When the worker
    /// shuts down, a stage is notified by [`StageContext::cancelled`]. It is stopped when it makes
    /// no more progress, or just before the shutdown deadline, and its run fails.
    ///
    /// One worker serves a stage; other workers that register it wait until that worker
    /// disconnects. To serve it on several workers at the same time, each of them registers it as
    /// [shared](Registration::shared): `worker.register(stage)?.shared()?`.
    ///
    /// # Errors
    ///
    /// Fails if the id is already registered by this worker, or not allowed, or if the stage takes a
    /// resource that was not [provided](Worker::provide).
    pub fn register<Form>(
        &self,
        stage: impl IntoStage<Form>,
    ) -> Result<Registration, RegisterError> {
        let stage: Arc<dyn Service> = Arc::new(stage.into_stage());
        let id = stage.service_id();
        let provided = self.resources();
        let mut needed = stage.resource_types().into_iter();
        if let Some(missing) = needed.find(|needed| !provided.contains(*needed)) {
            return Err(RegisterError::MissingResource {
                function_id: id,
                resource: missing.name,
            });
        }
        let info = stage.service_info();
        let description = info.description.as_deref();
        let description = description.unwrap_or("a stage of a pipewright pipeline");
        let function = self.function(id).description(description).metadata(&info);
        let run = move |request: StageRequest, invocation: Invocation| {
            let stage = Arc::clone(&stage);
            async move {
                run(&*stage, request, &invocation)
                    .await
                    .map_err(|failure| refused(&failure, invocation.worker().name()))
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
    let writer = WriterWatch::default();
    let mut ends = Ends {
        reader: request
            .reader_ref
            .map(|reader_ref| worker.reader(&reader_ref).watching(writer.clone())),
        writer: request
            .writer_ref
            .map(|writer_ref| worker.writer(&writer_ref)),
    };
    let id = stage.service_id();
    let control = Control::new(CancellationToken::new(), None);
    let context = StageContext::new(id.clone(), control.clone())
        .with_params(request.params)
        .with_limits(worker.item_limits())
        .with_worker(worker.clone());
    let context = match request.progress_ms {
        Some(interval) => context.with_progress_interval(Duration::from_millis(interval)),
        None => context,
    };
    if ends.reader.is_none() {
        // Without a header, the metadata of the run applies.
        context.stream_metadata().set(None);
    }
    let serving = async {
        if let Err(error) = ends.connect().await {
            return Err(StageError::returned(&id, None, error));
        }
        stage.serve_boxed(ends, context).await
    };
    let supervised = async {
        let remote_cancel = request
            .cancel_ref
            .map(|cancel| worker.reader(&cancel).unobserved());
        let given_up = async {
            invocation.given_up().await;
            control.run().cancel();
        };
        tokio::join!(
            listen(remote_cancel, &control, &id, &writer),
            end_with_worker(invocation.worker(), &control, &id),
            given_up
        );
        pending().await
    };
    let ended = tokio::select! {
        ended = serving => ended,
        ended = supervised => ended,
    };
    ended.map(|report| report.by(worker.name()))
}

/// Handles the signals of the run that started the stage `id`.
async fn listen(
    remote_cancel: Option<ChannelReader>,
    control: &Control,
    id: &str,
    writer: &WriterWatch,
) {
    let Some(mut remote_cancel) = remote_cancel else {
        return;
    };
    loop {
        match remote_cancel.next_frame().await {
            Ok(Some(Frame::Message(text))) => {
                if let Some(over) = input_over(&text) {
                    writer.set_over(over);
                }
            }
            Ok(Some(Frame::Data(_))) => {}
            Ok(None) => return control.run().cancel(),
            // Without this channel the stage could not be stopped.
            Err(error) => {
                let reason = format!("the connection to the run of the stage was lost: {error}");
                return control.stop(StageError::new(StageError::LOST, id, reason));
            }
        }
    }
}

/// The failure as the caller of the stage receives it: the whole abort as JSON in the message, with
/// the name of this worker.
fn refused(failure: &StageError, worker: &str) -> FunctionError {
    let answer = FailedStage {
        abort: failure.abort().clone(),
        worker: Some(failure.worker().unwrap_or(worker).to_owned()),
    };
    let message = serde_json::to_string(&answer).unwrap_or_else(|_| failure.to_string());
    FunctionError::new(failure.abort().code.clone(), message)
}
