use std::fmt;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::future::select;
use futures::{Stream, StreamExt, stream};
use serde_json::Value;
use tokio::io::AsyncRead;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::consumed::Consumed;
use super::convert::{Decoded, Encoded};
use super::launch::{ChannelRun, launch};
use super::run::{Run, RunSource};
use super::run_error::RUN;
use super::run_error::RunError;
use super::run_local::LocalRun;
use super::segment::Segment;
use super::settings::Settings;
use super::source::{self, Produced, Source};
use super::then::Then;
use crate::channel::Event;
use crate::codec::{Decode, Encode, ItemLimits, Json, Raw};
use crate::error::{Error, Result};
use crate::stage::{
    Consumer, Control, IntoStage, LocalStats, Producer, Reads, Stage, StageContext,
    tell_of_shutdown,
};
use crate::worker::Worker;

/// Stages composed into a pipeline that starts with a source. The compiler checks that each stage
/// accepts the output of the previous one.
///
/// A pipeline is a description. [`run_local`](Self::run_local) runs it within this process and
/// [`start`](Self::start) over channels, with the same items and the same errors.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "macros")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// use pipewright::{Pipeline, pipeline_stage};
///
/// #[pipeline_stage]
/// fn double(n: u32) -> u32 {
///     n * 2
/// }
///
/// let doubled: Vec<u32> = Pipeline::from_iter(1..=3).then(double).run_local().collect().await?;
/// assert_eq!(doubled, [2, 4, 6]);
/// # Ok(()) }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
#[must_use = "a pipeline does nothing until it is run"]
pub struct Pipeline<P = ()> {
    pub(super) head: P,
    pub(super) settings: Settings,
}

impl Pipeline {
    /// Starts with a stream of items.
    pub fn source<S>(
        items: S,
    ) -> Pipeline<Source<impl Stream<Item = Result<S::Item, Error>> + Send + 'static, Json>>
    where
        S: Stream + Send + 'static,
        S::Item: Send + 'static,
    {
        Pipeline::new(Source::new(items.map(Ok)))
    }

    /// Starts with a stream of results; the first error ends the run.
    pub fn try_source<S, T, E>(
        items: S,
    ) -> Pipeline<Source<impl Stream<Item = Result<T, Error>> + Send + 'static, Json>>
    where
        S: Stream<Item = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<Error>,
    {
        Pipeline::new(Source::new(items.map(|item| item.map_err(Into::into))))
    }

    /// Starts with the items of an iterator.
    #[allow(clippy::should_implement_trait)] // A pipeline is not a collection.
    pub fn from_iter<I>(
        items: I,
    ) -> Pipeline<Source<impl Stream<Item = Result<I::Item, Error>> + Send + 'static, Json>>
    where
        I: IntoIterator<IntoIter: Send + 'static>,
        I::Item: Send + 'static,
    {
        Self::source(stream::iter(items))
    }

    /// Starts with items, messages and progress, in order.
    pub(crate) fn events<S, T, F>(events: S) -> Pipeline<source::Events<S, F>>
    where
        S: Stream<Item = Event<T>> + Send + 'static,
        T: Send + 'static,
        F: Encode<T> + Decode<T>,
    {
        Pipeline::new(source::Events::new(events))
    }

    /// Starts with bytes.
    pub fn read<R: AsyncRead + Send + 'static>(input: R) -> Pipeline<source::Bytes<R>> {
        Pipeline::new(source::Bytes(input))
    }

    /// Starts with a producer.
    pub fn produce<P, Form>(producer: P) -> Pipeline<Produced<P::Stage>>
    where
        P: IntoStage<Form, Stage: Producer>,
    {
        let producer = producer.into_stage();
        let mut settings = Settings::default();
        settings.needs(&producer);
        Pipeline::with_settings(Produced(producer), settings)
    }
}

impl<P> Pipeline<P> {
    pub(super) fn new(head: P) -> Self {
        Self::with_settings(head, Settings::default())
    }

    pub(super) fn with_settings(head: P, settings: Settings) -> Self {
        Self { head, settings }
    }

    pub(super) fn map_head<Q>(self, map: impl FnOnce(P) -> Q) -> Pipeline<Q> {
        Pipeline::with_settings(map(self.head), self.settings)
    }

    /// Sets the maximum duration of a run; default: unlimited. A run that exceeds it is cancelled
    /// and fails with the names of the unfinished stages.
    pub fn deadline(mut self, after: Duration) -> Self {
        self.settings.deadline = Some(after);
        self
    }

    /// Sets metadata for the header of the stream; stages find it in their context.
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.settings.metadata = Some(metadata);
        self
    }

    /// Sets the limits for items that this process receives from a channel, in stages and at the
    /// output; default: 64 MiB and 256 levels.
    pub fn limits(mut self, limits: ItemLimits) -> Self {
        self.settings.limits = Some(limits);
        self
    }

    /// Sets the interval at which each stage reports progress over channels; default: 1 s. The run
    /// returns it as [`Event::Progress`](crate::Event::Progress).
    pub fn progress_interval(mut self, interval: Duration) -> Self {
        self.settings.progress_interval = Some(interval);
        self
    }
}

impl<S, T, F> Pipeline<Source<S, F>>
where
    S: Stream<Item = Result<T, Error>> + Send + 'static,
{
    /// Sets the format of the source's items over a channel; default: `Json`.
    pub fn format<G: Encode<T> + Decode<T>>(self) -> Pipeline<Source<S, G>> {
        self.map_head(Source::with_format)
    }
}

impl<P: Segment> Pipeline<P> {
    /// Appends a stage.
    pub fn then<S, Form>(self, stage: S) -> Pipeline<Then<P, S::Stage>>
    where
        S: IntoStage<Form>,
        S::Stage: Stage<In = P::Out> + Reads<P::Format>,
    {
        let stage = stage.into_stage();
        self.needing(&stage)
            .map_head(|before| Then::new(before, stage))
    }

    /// Appends a consumer. The pipeline then has no outputs, and its run ends with the consumer.
    pub fn consume<C, Form>(self, consumer: C) -> Pipeline<Consumed<P, C::Stage>>
    where
        C: IntoStage<Form>,
        C::Stage: Consumer<In = P::Out, Format = P::Format>,
    {
        let consumer = consumer.into_stage();
        self.needing(&consumer)
            .map_head(|before| Consumed::new(before, consumer))
    }

    /// Converts the items to their encoded bytes, for a following byte stage.
    pub fn encode(self) -> Pipeline<Encoded<P>> {
        self.map_head(Encoded)
    }

    /// The ids of the stages, first to last.
    pub fn stages(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.head.names(&mut names);
        names
    }

    /// Runs the pipeline within this process: the stages are fused into one stream, and items are
    /// passed as values. Nothing happens until the run is polled.
    pub fn run_local(self) -> Run<LocalRun<impl Stream<Item = crate::stage::Flow<P::Out>>>> {
        self.run_fused(None)
    }

    /// Like [`run_local`](Self::run_local), with a worker for stages that need one and for remote
    /// stages.
    pub fn run_local_with(
        self,
        worker: &Worker,
    ) -> Run<LocalRun<impl Stream<Item = crate::stage::Flow<P::Out>>>> {
        self.run_fused(Some(worker.clone()))
    }

    fn run_fused(
        self,
        worker: Option<Worker>,
    ) -> Run<LocalRun<impl Stream<Item = crate::stage::Flow<P::Out>>>> {
        let (started, local_stats) = (Instant::now(), LocalStats::default());
        let refused = self.settings.missing(worker.as_ref());
        let deadline = self.settings.deadline;
        let overdue = deadline.and_then(|after| started.checked_add(after));
        let control = Control::new(CancellationToken::new(), overdue);
        let mut context = self
            .context(control.clone())
            .with_tally(local_stats.clone());
        if let Some(worker) = worker {
            context = context.with_worker(worker.clone());
            // A separate task also notifies stages that compute without yielding.
            if let Ok(runtime) = Handle::try_current() {
                let control = control.clone();
                runtime.spawn(async move {
                    let over = control.run().cancelled();
                    let told = tell_of_shutdown(&worker, &control, RUN);
                    select(pin!(over), pin!(told)).await;
                });
            }
        }
        Run::new(LocalRun::new(
            refused,
            self.head.fuse(context),
            local_stats,
            control,
            started,
            deadline,
        ))
    }

    /// Starts the pipeline over channels, one for each edge. Stages run in this process, and
    /// [`remote`](crate::remote) stages run on the workers that have them.
    ///
    /// # Errors
    ///
    /// Fails if the channels cannot be created, or if a stage takes a resource that was not
    /// [provided](Self::provide). Later failures end the run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels everything that was started.
    pub async fn start(
        self,
        worker: &Worker,
    ) -> Result<Run<impl RunSource<Item = P::Out> + use<P>>, RunError> {
        if let Some(refused) = self.settings.missing(Some(worker)) {
            return Err(refused.into());
        }
        let deadline = self.settings.deadline;
        let overdue = deadline.and_then(|after| Instant::now().checked_add(after));
        let context = self.context(Control::new(CancellationToken::new(), overdue));
        let run: ChannelRun<P> = launch(self.head, worker, &context, deadline).await?;
        Ok(Run::new(run))
    }

    fn context(&self, control: Control) -> StageContext {
        let context = StageContext::new(String::new(), control)
            .with_metadata(self.settings.metadata.clone())
            .with_resources(self.settings.resources.clone())
            .with_limits(self.settings.limits.unwrap_or(ItemLimits::OF_STAGES));
        match self.settings.progress_interval {
            Some(interval) => context.with_progress_interval(interval),
            None => context,
        }
    }
}

impl<P: Segment<Out = Bytes, Format = Raw>> Pipeline<P> {
    /// Decodes the bytes into items in format `F`.
    pub fn decode<T, F>(self) -> Pipeline<Decoded<P, T, F>>
    where
        T: Send + 'static,
        F: Encode<T> + Decode<T>,
    {
        self.map_head(Decoded::new)
    }
}

impl<P: Segment> fmt::Debug for Pipeline<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline")
            .field("stages", &self.stages())
            .finish_non_exhaustive()
    }
}
