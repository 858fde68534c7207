use super::{DeadLetters, Guarded, Policy, Retried, ToDeadLetters};
use crate::stage::{IntoStage, ItemStage, Stage};
use crate::worker::Backoff;

/// What a stage does about items that it cannot handle: for stages that handle one item at a time.
///
/// The settings belong to the stage, so they hold wherever it runs; a stage of another worker is
/// registered with them there. They are about errors that the stage's function returns, and with
/// [`on_error`](Self::on_error) and [`dead_letter`](Self::dead_letter) about items that come in
/// over a channel and cannot be read, as far as the format can find the next one. A panic is a bug
/// and always ends the run. Retry first, then give up:
///
/// ```
/// # #[cfg(feature = "macros")]
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// use std::time::Duration;
/// use pipewright::{Backoff, ItemStageExt, Pipeline, Policy, pipeline_stage};
///
/// #[pipeline_stage]
/// fn parse(text: String) -> pipewright::Result<i32> {
///     Ok(text.parse()?)
/// }
///
/// let texts = ["1", "x", "3"].map(str::to_owned);
/// let backoff = Backoff::new().first(Duration::from_millis(1));
/// let stage = parse.retry(1, backoff).on_error(Policy::Skip);
/// let mut run = Pipeline::from_iter(texts).then(stage).run_local();
/// assert_eq!(run.next().await.transpose()?, Some(1));
/// assert_eq!(run.next().await.transpose()?, Some(3));
/// let report = run.report().await?;
/// assert_eq!(report.stages[1].report.as_ref().unwrap().items_skipped, 1);
/// # Ok(()) }
/// # #[cfg(not(feature = "macros"))]
/// # fn main() {}
/// ```
pub trait ItemStageExt<Form>: IntoStage<Form> + Sized {
    /// Fails at an item that cannot be handled, as without it, or skips and counts it.
    ///
    /// What was given of the item before its error stays given.
    fn on_error(self, policy: Policy) -> Guarded<Self::Stage, Policy>
    where
        Self::Stage: ItemStage,
    {
        Guarded::new(self.into_stage(), policy)
    }

    /// Puts an item that cannot be handled to the dead letters, with its bytes and the error, and
    /// goes on; it counts as skipped. Fails if it cannot be put there.
    ///
    /// Each item is cloned before it is handled.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime, with a [`Sender`](crate::Sender).
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(all(feature = "engine", feature = "macros"))]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Channel, DeadLetter, ItemStageExt, Pipeline, Worker, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn parse(text: String) -> pipewright::Result<i32> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// let worker = Worker::embedded().await?;
    /// let letters: Channel<DeadLetter> = worker.channel(None).await?;
    /// let texts = ["1", "x", "3"].map(str::to_owned);
    /// let run = Pipeline::from_iter(texts)
    ///     .then(parse.dead_letter(letters.sender))
    ///     .run_local();
    /// assert_eq!(run.collect::<Vec<i32>>().await?, [1, 3]);
    ///
    /// let mut dead = letters.receiver;
    /// let letter = dead.recv().await?.expect("one item is no number");
    /// assert_eq!((letter.item, &letter.bytes[..]), (1, &b"\"x\"\n"[..]));
    /// assert!(dead.recv().await?.is_none());
    /// # Ok(()) }
    /// # #[cfg(not(all(feature = "engine", feature = "macros")))]
    /// # fn main() {}
    /// ```
    fn dead_letter(
        self,
        letters: impl Into<DeadLetters>,
    ) -> Guarded<Self::Stage, ToDeadLetters<<Self::Stage as Stage>::InFormat>>
    where
        Self::Stage: ItemStage<In: Clone>,
    {
        Guarded::new(self.into_stage(), ToDeadLetters::new(letters.into()))
    }

    /// Handles an item again when that failed, `times` times at the most, after the waits of
    /// `backoff`. What goes wrong while a stream of outputs is given is not tried again.
    ///
    /// Each item is cloned before it is handled. The state of a run is as the failed call left it.
    /// Messages of a call that is made again are dropped, so each is sent once.
    ///
    /// A policy is for what fails in the end, whether it is set before or after the retries.
    fn retry(self, times: u32, backoff: Backoff) -> Retried<Self::Stage>
    where
        Self::Stage: ItemStage<In: Clone + Sync>,
    {
        Retried::new(self.into_stage(), times, backoff)
    }
}

impl<Form, S: IntoStage<Form>> ItemStageExt<Form> for S {}
