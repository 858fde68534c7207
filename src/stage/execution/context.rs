use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt, TryFutureExt};
use serde_json::Value;

use super::super::fused::local_stats::{Counts, LocalStats};
use super::super::{Given, Params, ResourceList, StageError, StageFacts};
use super::control::Control;
use crate::channel::{ChannelReader, MessageQueue, QueuedMessage, Receiver, StreamMetadata};
use crate::codec::{Decode, ItemLimits};
use crate::error::Error;
use crate::wire::{Progress, Text};
use crate::worker::{Resources, Worker};

/// Default interval of progress messages.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(1);

/// The context of one run of a stage. A function with an argument `&StageContext` receives it.
///
/// Cheap to clone.
///
/// # Example
///
/// ```
/// use pipewright::StageContext;
///
/// # #[cfg(feature = "macros")]
/// #[pipewright::pipeline_stage]
/// fn label(line: String, context: &StageContext) -> String {
///     context.send_message(format!("saw {} bytes", line.len()));
///     format!("{}: {line}", context.stage())
/// }
/// ```
#[derive(Clone)]
pub struct StageContext(Arc<Inner>);

struct Inner {
    stage: String,
    params: Value,
    /// Whether the parameters were set where the stage is used.
    configured: bool,
    worker: Option<Worker>,
    /// The metadata of the input.
    metadata: StreamMetadata,
    /// The metadata of the output, if the stage creates its own header.
    output_metadata: Option<StreamMetadata>,
    control: Control,
    message_queue: MessageQueue,
    progress_interval: Duration,
    limits: ItemLimits,
    /// The resources of the pipeline.
    resources: Arc<Resources>,
    /// Whether the stage is one of several copies whose outputs keep the order.
    in_order: bool,
    local_stats: LocalStats,
    counts: Arc<Counts>,
}

impl StageContext {
    /// Creates a context for a run of `stage` outside of any worker.
    pub(crate) fn new(stage: impl Into<String>, control: Control) -> Self {
        Self(Arc::new(Inner {
            stage: stage.into(),
            params: Value::Null,
            configured: false,
            worker: None,
            metadata: StreamMetadata::default(),
            output_metadata: None,
            control,
            message_queue: MessageQueue::default(),
            progress_interval: PROGRESS_INTERVAL,
            limits: ItemLimits::OF_STAGES,
            resources: Arc::default(),
            in_order: false,
            local_stats: LocalStats::default(),
            counts: Arc::default(),
        }))
    }

    /// The same run for the stage `stage`, without the state of the current stage.
    pub(crate) fn for_stage(&self, stage: impl Into<String>) -> Self {
        self.changed(|inner| {
            inner.stage = stage.into();
            inner.control = inner.control.for_stage();
            inner.counts = Arc::default();
            inner.output_metadata = None;
            if let Some(metadata) = inner.local_stats.metadata() {
                inner.metadata = metadata;
            }
        })
    }

    /// The same run for a stage that has its own input, with its own header.
    pub(crate) fn with_own_input(&self) -> Self {
        self.changed(|inner| {
            let metadata = inner.local_stats.metadata();
            inner.metadata = metadata.unwrap_or_else(|| inner.metadata.another());
        })
    }

    /// The same run for a stage that creates a header for its output. Also returns the metadata of
    /// that header.
    pub(crate) fn with_own_output(&self) -> (Self, StreamMetadata) {
        let metadata = self.0.metadata.another();
        let context = self.changed(|inner| inner.output_metadata = Some(metadata.clone()));
        (context, metadata)
    }

    pub(crate) fn with_params(&self, params: Value) -> Self {
        self.changed(|inner| inner.params = params)
    }

    /// The same run with parameters that were set where the stage is used. If they are set several
    /// times, the outermost ones take precedence, and this method receives those first.
    pub(crate) fn configured(&self, params: &Value) -> Self {
        if self.0.configured || params.is_null() {
            return self.clone();
        }
        self.changed(|inner| {
            inner.params = params.clone();
            inner.configured = true;
        })
    }

    /// The same run for a part of this stage, which may have parameters of its own.
    pub(crate) fn for_part(&self, part: &StageFacts, takes_params: bool) -> Self {
        let context = self.for_stage(&part.id).with_own_input();
        context.changed(|inner| {
            inner.configured = false;
            if !takes_params {
                inner.params = Value::Null;
            }
        })
    }

    /// The same run with `message_queue` for the stage's messages.
    pub(in crate::stage) fn with_aside(&self, message_queue: MessageQueue) -> Self {
        self.changed(|inner| inner.message_queue = message_queue)
    }

    pub(crate) fn with_worker(&self, worker: Worker) -> Self {
        self.changed(|inner| inner.worker = Some(worker))
    }

    pub(crate) fn with_metadata(&self, metadata: Option<Value>) -> Self {
        self.changed(|inner| inner.metadata = StreamMetadata::new(metadata))
    }

    pub(crate) fn with_tally(&self, local_stats: LocalStats) -> Self {
        self.changed(|inner| inner.local_stats = local_stats)
    }

    pub(crate) fn with_progress_interval(&self, interval: Duration) -> Self {
        self.changed(|inner| inner.progress_interval = interval)
    }

    pub(crate) fn with_limits(&self, limits: ItemLimits) -> Self {
        self.changed(|inner| inner.limits = limits)
    }

    pub(crate) fn with_resources(&self, resources: Resources) -> Self {
        self.changed(|inner| inner.resources = Arc::new(resources))
    }

    pub(crate) fn with_order(&self, in_order: bool) -> Self {
        self.changed(|inner| inner.in_order = in_order)
    }

    /// Whether the stage is one of several copies whose outputs keep the order.
    pub(in crate::stage) fn is_in_order(&self) -> bool {
        self.0.in_order
    }

    /// Creates a receiver with the limits of the run.
    pub(crate) fn receiver<T, F: Decode<T>>(&self, reader: ChannelReader) -> Receiver<T, F> {
        Receiver::new(reader).limits(self.0.limits)
    }

    /// The counters of a run within one process.
    pub(crate) fn parts(&self) -> &LocalStats {
        &self.0.local_stats
    }

    /// Counts a skipped item; `dead` if it was sent to the dead letters.
    pub(crate) fn skip(&self, dead: bool) {
        self.0.counts.skip(dead);
    }

    /// The counters of the stage in addition to its traffic.
    pub(in crate::stage) fn counts(&self) -> &Arc<Counts> {
        &self.0.counts
    }

    /// Makes the run within this process wait for `end`.
    pub(in crate::stage) fn end_with(&self, end: BoxFuture<'static, Result<(), Error>>) {
        let stage = self.0.stage.clone();
        let end = end.map_err(move |error| StageError::returned(&stage, None, error));
        self.0.local_stats.end_with(end.boxed());
    }

    fn changed(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            stage: self.0.stage.clone(),
            params: self.0.params.clone(),
            configured: self.0.configured,
            worker: self.0.worker.clone(),
            metadata: self.0.metadata.clone(),
            output_metadata: self.0.output_metadata.clone(),
            control: self.0.control.clone(),
            message_queue: MessageQueue::default(),
            progress_interval: self.0.progress_interval,
            limits: self.0.limits,
            resources: Arc::clone(&self.0.resources),
            in_order: self.0.in_order,
            local_stats: self.0.local_stats.clone(),
            counts: Arc::clone(&self.0.counts),
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The stage's id.
    pub fn stage(&self) -> &str {
        &self.0.stage
    }

    /// The metadata from the header of the input, or else that of the run. It is forwarded in the
    /// header of the output, unless the stage sets other metadata there.
    ///
    /// A stage that handles single items always knows the header. Code that receives a stream
    /// starts when the header has arrived, but at the latest 1 s after its input was opened. If the
    /// header arrives later, it is known here once the code has read it, at the latest with the
    /// first item. To wait for it, use [`Receiver::header`](crate::Receiver::header) or
    /// [`ChannelReader::header`](crate::ChannelReader::header).
    pub fn metadata(&self) -> Option<&Value> {
        self.0.metadata.get()
    }

    /// The metadata of the input, which its header sets.
    pub(crate) fn stream_metadata(&self) -> &StreamMetadata {
        &self.0.metadata
    }

    /// The metadata of the output, if the stage makes a header for it.
    pub(in crate::stage) fn output_metadata(&self) -> Option<&StreamMetadata> {
        self.0.output_metadata.as_ref()
    }

    /// Sends a message downstream. It follows the outputs of earlier calls and precedes the outputs
    /// of the current call.
    ///
    /// It is sent with the stage's next output or at its end. A message that has the form of a
    /// stream protocol message is treated as one.
    pub fn send_message(&self, text: impl Into<Text>) {
        self.0
            .message_queue
            .push(QueuedMessage::Message(text.into()));
    }

    /// Sends a progress message downstream, in addition to the automatic counts.
    pub fn send_progress(&self, mut progress: Progress) {
        if progress.stage.is_empty() {
            progress.stage.clone_from(&self.0.stage);
        }
        self.0.message_queue.push(QueuedMessage::Progress(progress));
    }

    /// The worker that runs the stage. `None` for a run within one process without a worker.
    pub fn worker(&self) -> Option<&Worker> {
        self.0.worker.as_ref()
    }

    /// Whether the stage should stop: its run was cancelled, has exceeded its deadline or has
    /// failed, its output is no longer read, or its worker is shutting down.
    ///
    /// Blocking and computing code should check it regularly. For threads and tasks that the stage
    /// has started, it stays `true` after the stage has ended.
    pub fn is_cancelled(&self) -> bool {
        self.0.control.told().is_cancelled()
    }

    /// Whether the stage should finish: [`Run::drain`](crate::Run::drain) was called, or the worker
    /// of the stage has started to shut down.
    ///
    /// An endless producer should then return, so that the stages after it end successfully. Other
    /// stages continue to the end of their input, which arrives once the source is drained. When a
    /// worker shuts down, a stage that has not reached the end of its input fails, because its
    /// output is incomplete; before that, it may save its state.
    /// [`is_cancelled`](Self::is_cancelled) follows up to 500 ms later.
    pub fn is_draining(&self) -> bool {
        self.0.control.draining().is_cancelled()
    }

    /// Waits until the stage should finish; see [`is_draining`](Self::is_draining).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn draining(&self) {
        self.0.control.draining().cancelled().await;
    }

    /// Waits until the stage should stop; see [`is_cancelled`](Self::is_cancelled). Use it in a
    /// `select!` with other waits.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn cancelled(&self) {
        self.0.control.told().cancelled().await;
    }

    /// The inputs of the stage besides the stream: its parameters and resources.
    ///
    /// # Errors
    ///
    /// Fails if the parameters cannot be deserialised, or if a resource was not provided.
    pub(crate) fn params<P: Params>(&self) -> Result<P, StageError> {
        P::given(&self.given())
    }

    /// Looks resources up.
    pub(in crate::stage) fn resources<R: ResourceList>(&self) -> Result<R, StageError> {
        R::given(&self.given())
    }

    fn given(&self) -> Given<'_> {
        let mut resources = (*self.0.resources).clone();
        if let Some(worker) = &self.0.worker {
            resources.absorb(worker.resources());
        }
        Given {
            stage: &self.0.stage,
            params: &self.0.params,
            resources,
        }
    }

    /// The unparsed parameters.
    pub(crate) fn raw_params(&self) -> &Value {
        &self.0.params
    }

    pub(crate) fn message_queue(&self) -> &MessageQueue {
        &self.0.message_queue
    }

    /// Whether code that computes without waiting may process its next item. If the stage should
    /// stop, the code must yield to the task that stops it.
    pub(crate) fn poll_go_on(&self, cx: &Context<'_>) -> Poll<()> {
        if self.0.control.is_over() {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    pub(crate) fn control(&self) -> &Control {
        &self.0.control
    }

    /// The interval of progress messages; never zero.
    pub(crate) fn progress_interval(&self) -> Duration {
        self.0.progress_interval.max(Duration::from_millis(1))
    }

    /// The same in milliseconds, for stages on other workers.
    pub(crate) fn progress_ms(&self) -> Option<u64> {
        u64::try_from(self.progress_interval().as_millis()).ok()
    }
}

impl fmt::Debug for StageContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageContext")
            .field("stage", &self.0.stage)
            .finish_non_exhaustive()
    }
}
