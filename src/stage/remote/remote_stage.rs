use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use futures::{Stream, StreamExt, stream};
use serde_json::Value;
use tracing::Instrument;

use super::super::execution::conclude::conclude;
use super::super::execution::progress_ticker::ProgressTicker;
use super::super::fused::flow::Incoming;
use super::super::fused::task::{Seen, Task};
use super::super::held::Held;
use super::super::serve_stream::send_all;
use super::super::{
    Ends, Flow, KeepsOrder, Part, Service, Stage, StageContext, StageError, StageFacts, StageInfo,
    StageReport, StageRequest, check_order,
};
use super::cancel::{RemoteCancel, no_output_of};
use super::request::FailedStage;
use crate::channel::{ChannelWriter, Receiver, ReturnSlot, Sender, StreamMetadata};
use crate::codec::{Decode, Encode, Json};
use crate::error::{Error, Result};
use crate::worker::{CallError, Worker};

/// A stage that some worker, in any language, has registered as `id`.
///
/// Its types are declared here. The stream that it sends is compared with them if it has a header.
///
/// ```
/// # use pipewright::{Stage, remote};
/// let lowercase = remote::<String, String>("py::lowercase");
/// assert_eq!(lowercase.id(), "py::lowercase");
/// ```
pub fn remote<In, Out>(id: impl Into<String>) -> Remote<In, Out> {
    Remote {
        id: id.into(),
        params: Value::Null,
        // Only the worker of the stage knows.
        takes_params: true,
        description: None,
        order: KeepsOrder::Unknown,
        types: PhantomData,
    }
}

/// Input and output types with their formats.
type Types<In, Out, F, G> = fn(In, F) -> (Out, G);

/// A stage on another worker; see [`remote`].
pub struct Remote<In, Out, F = Json, G = Json> {
    id: String,
    params: Value,
    takes_params: bool,
    description: Option<String>,
    order: KeepsOrder,
    types: PhantomData<Types<In, Out, F, G>>,
}

impl<In, Out, F, G> Remote<In, Out, F, G> {
    /// Returns the same stage with other formats than `Json`: `F` for its input, `G` for its
    /// output.
    pub fn formats<F2, G2>(self) -> Remote<In, Out, F2, G2> {
        Remote {
            id: self.id,
            params: self.params,
            takes_params: self.takes_params,
            description: self.description,
            order: self.order,
            types: PhantomData,
        }
    }

    /// `stage` on another worker.
    pub(in crate::stage) fn of<S>(stage: S) -> Self
    where
        S: Stage<In = In, Out = Out, InFormat = F, OutFormat = G>,
    {
        let facts = stage.facts();
        let mut params = vec![facts.params];
        params.extend(stage.parts().into_iter().map(|part| part.facts.params));
        params.retain(|params| !params.is_null());
        params.dedup();
        assert!(
            params.len() <= 1,
            "several parts of `{}` have parameters of their own, and a stage on another worker is \
             triggered with one value: set the parameters of the whole after `remote()`",
            facts.id
        );
        Self {
            id: facts.id,
            params: params.pop().unwrap_or_default(),
            takes_params: facts.takes_params,
            description: facts.info.description,
            order: facts.order,
            types: PhantomData,
        }
    }

    /// Declares that the stage returns outputs in the order of their items and forwards the
    /// messages of the stream protocol at the right positions, for
    /// [`parallel_ordered`](crate::Pipeline::parallel_ordered).
    ///
    /// A pipewright stage declares this when it is registered. If the declaration is wrong, items
    /// arrive out of order, or the run hangs.
    #[must_use]
    pub fn keeping_order(self) -> Self {
        let order = KeepsOrder::Yes;
        Self { order, ..self }
    }
}

/// The channel to a stage, its [`Held`] channels, and the channel from it.
type Opened<In, Out, F, G> = (Sender<In, F>, Held, Receiver<Out, G>);

/// Timeout of a stage's call. It is practically unlimited, because a stage runs as long as its
/// stream; the run has its own deadline.
pub(crate) const STAGE_TIMEOUT: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// Triggers the stage `id` and waits for its report. It continues the trace of `traceparent`, or
/// else that of the worker's handle.
pub(crate) async fn trigger(
    worker: &Worker,
    id: &str,
    request: &StageRequest,
    traceparent: Option<String>,
) -> Result<StageReport, StageError> {
    let mut trigger = worker.trigger(id, request).timeout(STAGE_TIMEOUT);
    if let Some(traceparent) = traceparent {
        trigger = trigger.traceparent(traceparent);
    }
    // A function that returns nothing may be a stage that sends no report.
    let answer: Result<Option<StageReport>, _> = trigger.call().await;
    answer
        .map(Option::unwrap_or_default)
        .map_err(|error| failure(id, &error))
}

/// Converts a failed trigger to a failure of the stage.
fn failure(id: &str, error: &CallError) -> StageError {
    if let CallError::Failed { error, .. } = error
        && let Ok(answer) = serde_json::from_str::<FailedStage>(&error.message)
        && answer.abort.code == error.code
    {
        let failure = StageError::answered(answer.abort);
        return match answer.worker {
            Some(worker) => failure.on_worker(&worker),
            None => failure,
        };
    }
    let code = match error {
        CallError::FunctionNotFound { .. } => StageError::NOT_FOUND,
        CallError::Stopped { .. } | CallError::Disconnected { .. } => StageError::LOST,
        CallError::Failed { error: body, .. } => {
            return StageError::foreign(&body.code, id, error);
        }
        _ => StageError::FAILED,
    };
    StageError::new(code, id, error)
}

#[diagnostic::do_not_recommend]
impl<In, Out, F, G> Stage for Remote<In, Out, F, G>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: Encode<In> + Decode<In>,
    G: Encode<Out> + Decode<Out>,
{
    type In = In;
    type Out = Out;
    type InFormat = F;
    type OutFormat = G;

    const HAS_POLICY: bool = false;

    fn facts(&self) -> StageFacts {
        let mut info = StageInfo::of_stage::<Self>();
        info.description.clone_from(&self.description);
        StageFacts::new(&self.id, info)
            .taking_params(self.takes_params)
            .configured(self.params.clone())
            .keeping_order(self.order)
            .registered()
    }

    fn parts(self) -> Vec<Part> {
        Part::of(self)
    }

    /// Uses two channels, because the stage runs on another worker.
    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        let context = context.configured(&self.params).for_stage(&self.id);
        let (context, metadata) = context.with_own_output();
        let counted = context.clone();
        let output = stream::once(async move {
            let worker = context.worker().cloned().ok_or_else(|| {
                let reason = "the stage is on another worker; run the pipeline with `start`, or \
                              give the local run a worker";
                StageError::new(StageError::NOT_FOUND, &self.id, reason)
            })?;
            let id = self.id.clone();
            if context.is_in_order() && self.order == KeepsOrder::Unknown {
                check_order(&worker, &id).await?;
            }
            // In a separate task, which cleans up even if the run is dropped in the meantime.
            let (on, circumstances) = (worker.clone(), context.clone());
            let opening = async move { self.channels(&on, &circumstances, &metadata).await };
            let opened = tokio::spawn(opening.in_current_span()).await;
            let opened = opened.unwrap_or_else(|error| Err(Error::from(error)));
            let (feed, mut held, output) =
                opened.map_err(|error| StageError::returned(&id, None, error))?;
            let known = Arc::new(OnceLock::new());
            let silence = Arc::clone(&known);
            let channels = Held::new(&worker, &held.request, None);
            let code = async move {
                let ended = trigger(&held.worker, &id, &held.request, None).await;
                match &ended {
                    Ok(report) => {
                        let _ = silence.set(if report.output_closed {
                            None
                        } else {
                            Some(no_output_of(&held.worker, &held.request).await)
                        });
                        held.let_go().await;
                    }
                    // A failure does not wait for the cleanup.
                    Err(failure) => held.fail(failure.clone()),
                }
                ended.map(|_| ()).map_err(Error::from)
            };
            let nothing = ReturnSlot::<ChannelWriter>::new();
            let feed = (feed, Seen::Elsewhere(known));
            let task = Task::new(context, input, feed, code, nothing, output);
            // The stage's own reading end has been closed by then.
            let freed = stream::once(channels.free());
            Ok(task.chain(freed.filter_map(async |()| None)))
        })
        .flat_map(|task| match task {
            Ok(task) => task.left_stream(),
            Err(error) => stream::once(async { Err(error) }).right_stream(),
        });
        counted.local_stats(output)
    }

    /// Runs as a part of a stage that is registered here: forwards the stream to the worker that
    /// has this stage.
    #[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
    fn serve(
        self,
        mut ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        async move {
            let ticker = ProgressTicker::of_stream(context.clone());
            let id = context.stage();
            let (reader, writer) = ticker.attach(&mut ends).await?;
            let mut receiver = context.receiver::<In, F>(reader);
            let sender = Sender::<Out, G>::new(writer);
            let mut sender = sender.forwarding(context.stream_metadata());
            let ended = ticker
                .run(async {
                    receiver
                        .header()
                        .await
                        .map_err(|error| StageError::input(id, error))?;
                    let input = Incoming::new(receiver, id);
                    let output = self.fuse(input, context.clone()).boxed();
                    send_all(output, &mut sender, &context).await
                })
                .await;
            conclude(&context, Some(sender), ended).await?;
            Ok(ticker.report())
        }
    }
}

impl<In, Out, F, G> Service for Remote<In, Out, F, G>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: Encode<In> + Decode<In>,
    G: Encode<Out> + Decode<Out>,
{
    fn service_id(&self) -> String {
        self.id()
    }

    fn service_info(&self) -> StageInfo {
        self.facts().info
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}

impl<In, Out, F, G> Remote<In, Out, F, G>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: Encode<In> + Decode<In>,
    G: Encode<Out> + Decode<Out>,
{
    /// Creates a channel to the stage and one from it, both open at this end, and one to control
    /// it.
    async fn channels(
        &self,
        worker: &Worker,
        context: &StageContext,
        metadata: &StreamMetadata,
    ) -> Result<Opened<In, Out, F, G>> {
        let mut to = worker.create_channel(None).await?;
        let mut from = worker.create_channel(None).await?;
        let remote_cancel = RemoteCancel::new(worker).await?;
        from.reader.connect().await?;
        to.writer.open().await?;
        let feed = Sender::new(to.writer).forwarding(context.stream_metadata());
        let request = StageRequest {
            reader_ref: Some(to.reader_ref),
            writer_ref: Some(from.writer_ref),
            cancel_ref: Some(remote_cancel.cancel_ref()),
            progress_ms: context.progress_ms(),
            params: context.raw_params().clone(),
        };
        let held = Held::new(worker, &request, Some(remote_cancel));
        let reader = from.reader.describing(metadata);
        Ok((feed, held, context.receiver(reader)))
    }
}

impl<In, Out, F, G> Clone for Remote<In, Out, F, G> {
    fn clone(&self) -> Self {
        Self {
            id: self.id.clone(),
            params: self.params.clone(),
            takes_params: self.takes_params,
            description: self.description.clone(),
            order: self.order,
            types: PhantomData,
        }
    }
}

impl<In, Out, F, G> fmt::Debug for Remote<In, Out, F, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
