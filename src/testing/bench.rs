use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use serde_json::Value;

use super::Tested;
use crate::channel::Event;
use crate::pipeline::{Pipeline, RunError, Segment};
use crate::stage::{AsValue, IntoStage, Service, Stage};
use crate::worker::{Resources, Worker};

/// Default deadline of a stage, so that a test that hangs fails.
const DEADLINE: Duration = Duration::from_secs(10);

/// The index of the stage in a report: after the source.
const STAGE: usize = 1;

/// A test of one stage with a given sequence of inputs.
///
/// Set parameters on the stage with [`with_params`](crate::StageExt::with_params).
///
/// # Example
///
/// ```
/// # #[cfg(feature = "macros")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use pipewright::{StageContext, pipeline_stage, testing::Bench};
///
/// #[pipeline_stage(id = "check")]
/// fn check(number: u32, context: &StageContext) -> pipewright::Result<u32> {
///     if number > 2 {
///         context.send_message("too much");
///         return Err(pipewright::Error::msg("over 2"));
///     }
///     Ok(number)
/// }
///
/// let tested = Bench::new(check).items([1, 2]).message("between").items([3, 4]).run().await;
/// assert_eq!(tested.items, [1, 2]);
/// assert_eq!(tested.messages, ["between", "too much"]);
/// assert_eq!(tested.error().to_string(), "stage check at item 2: over 2");
/// # }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
#[must_use = "a stage is run by `run`"]
pub struct Bench<S: Stage> {
    stage: S,
    input: Vec<Event<S::In>>,
    metadata: Option<Value>,
    deadline: Duration,
    resources: Resources,
}

impl<S: Stage + Service> Bench<S> {
    /// Creates a test of `stage`.
    pub fn new<I, Form>(stage: I) -> Self
    where
        I: IntoStage<Form, Stage = S>,
    {
        Self {
            stage: stage.into_stage(),
            input: Vec::new(),
            metadata: None,
            deadline: DEADLINE,
            resources: Resources::default(),
        }
    }

    /// Appends items to the input.
    pub fn items(mut self, items: impl IntoIterator<Item = S::In>) -> Self {
        self.input.extend(items.into_iter().map(Event::Item));
        self
    }

    /// Appends a message to the input.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.input.push(Event::Message(text.into().into()));
        self
    }

    /// Sets the metadata of the input.
    pub fn metadata(mut self, metadata: Value) -> Self {
        self.metadata = Some(metadata);
        self
    }

    /// Sets the deadline of the stage; default: 10 s.
    pub fn deadline(mut self, after: Duration) -> Self {
        self.deadline = after;
        self
    }

    /// Provides a resource to the stage, for example a mock; see
    /// [`Pipeline::provide`](crate::Pipeline::provide).
    pub fn provide<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.provide_shared(Arc::new(value))
    }

    /// Like [`provide`](Self::provide), for a value that is already shared, or for a trait object.
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.resources.insert(value);
        self
    }

    fn pipeline(self) -> Pipeline<impl Segment<Out = S::Out>> {
        let pipeline = Pipeline::events::<_, _, S::InFormat>(stream::iter(self.input))
            .then::<_, AsValue>(self.stage)
            .deadline(self.deadline)
            .provide_all(self.resources);
        match self.metadata {
            Some(metadata) => pipeline.metadata(metadata),
            None => pipeline,
        }
    }

    /// Runs the stage within the process, without encoding the items.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the stage.
    pub async fn run(self) -> Tested<S::Out> {
        Tested::of(self.pipeline().run_local(), STAGE).await
    }

    /// Runs the stage over channels of the worker's engine, so that items are encoded in the
    /// stage's formats.
    ///
    /// # Errors
    ///
    /// Fails if the channels cannot be created. [`Tested::outcome`] states how the stage itself
    /// ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the stage.
    pub async fn run_with(self, worker: &Worker) -> Result<Tested<S::Out>, RunError> {
        let run = self.pipeline().start(worker).await?;
        Ok(Tested::of(run, STAGE).await)
    }

    /// Runs the stage over channels of an engine of its own; see [`run_with`](Self::run_with).
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot start, and like [`run_with`](Self::run_with).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops the stage.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{pipeline_stage, testing::Bench};
    ///
    /// #[pipeline_stage]
    /// fn double(n: u32) -> u32 {
    ///     n * 2
    /// }
    ///
    /// let tested = Bench::new(double).items([1, 2]).run_over_channels().await?;
    /// assert_eq!(tested.items, [2, 4]);
    /// assert_eq!(tested.report().bytes_in, 4); // two lines of JSON
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    #[cfg(feature = "engine")]
    pub async fn run_over_channels(self) -> crate::error::Result<Tested<S::Out>> {
        let worker = Worker::embedded().await?;
        let tested = self.run_with(&worker).await?;
        worker.shutdown().await?;
        Ok(tested)
    }
}

impl<S: Stage> fmt::Debug for Bench<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bench")
            .field("stage", &self.stage.id())
            .field("input", &self.input.len())
            .finish_non_exhaustive()
    }
}
