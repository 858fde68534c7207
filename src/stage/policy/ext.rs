use std::time::Duration;

use super::{DeadLetters, Limited, OnError, Policy, Retried, ToDeadLetters};
use crate::stage::{IntoStage, ItemStage, Stage};
use crate::worker::Backoff;

/// The compiler message for a second policy.
const ONE_POLICY: &str = "the stage has a policy or dead letters already: set one of them";

/// Error handling for stages that process one item at a time.
///
/// The settings are part of the stage, so they apply wherever it runs; for a stage on another
/// worker, set them where it is registered. They cover errors returned by the stage's function.
/// [`on_error`](Self::on_error) and [`dead_letter`](Self::dead_letter) also cover items from a
/// channel that cannot be decoded, if the format can find the next item. A panic is a bug and
/// always ends the run. Retry first, then skip:
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
    /// Fails on an item that cannot be processed (the default), or skips and counts it.
    ///
    /// Outputs before the error are kept. A stage can have only one policy or dead-letter
    /// destination. A second one does not compile:
    ///
    /// ```compile_fail
    /// use pipewright::{ItemStageExt, Policy, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn parse(text: String) -> pipewright::Result<i32> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// let stage = parse.on_error(Policy::Skip).on_error(Policy::Fail);
    /// ```
    fn on_error(self, policy: Policy) -> OnError<Self::Stage, Policy>
    where
        Self::Stage: ItemStage,
    {
        const { assert!(!<Self::Stage as ItemStage>::IS_GUARDED, "{}", ONE_POLICY) };
        OnError::new(self.into_stage(), policy)
    }

    /// Sends an item that cannot be processed to the dead letters, with its bytes and the error,
    /// and continues. The item counts as skipped. The run fails if the dead letter cannot be sent.
    ///
    /// Each item is cloned before it is processed.
    ///
    /// # Panics
    ///
    /// Panics outside of a tokio runtime when given a [`Sender`](crate::Sender).
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
    ) -> OnError<Self::Stage, ToDeadLetters<<Self::Stage as Stage>::InFormat>>
    where
        Self::Stage: ItemStage<In: Clone>,
    {
        const { assert!(!<Self::Stage as ItemStage>::IS_GUARDED, "{}", ONE_POLICY) };
        OnError::new(self.into_stage(), ToDeadLetters::new(letters.into()))
    }

    /// Repeats a failed call at most `times` times, with the delays of `backoff`. Errors that occur
    /// while a stream of outputs is produced are not retried.
    ///
    /// Each item is cloned before it is processed. State keeps the changes of the failed call.
    /// Messages of a repeated call are dropped, so each is sent once.
    ///
    /// A policy applies to the final failure, whether it is set before or after the retries.
    fn retry(self, times: u32, backoff: Backoff) -> Retried<Self::Stage>
    where
        Self::Stage: ItemStage<In: Clone + Sync>,
    {
        Retried::new(self.into_stage(), times, backoff)
    }

    /// Fails an item that takes longer than `limit`, counted from the call of the function.
    ///
    /// If set before `retry`, the limit applies to each attempt; if set after it, to all attempts
    /// together. Set it before [`on_error`](Self::on_error) and [`dead_letter`](Self::dead_letter),
    /// which then also apply to items that took too long. The limit covers the call, not a stream
    /// of outputs that the call may return. Only an `async` function that awaits can be
    /// interrupted; its future is dropped. A stage with state cannot have a limit, because an
    /// interrupted call would lose the state.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::time::Duration;
    /// use pipewright::{ItemStageExt, Pipeline, Policy, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// async fn look_up(n: u64) -> u64 {
    ///     tokio::time::sleep(Duration::from_millis(n)).await;
    ///     n
    /// }
    ///
    /// let stage = look_up.timeout(Duration::from_millis(500)).on_error(Policy::Skip);
    /// let found = Pipeline::from_iter([1, 60_000, 3]).then(stage).run_local();
    /// assert_eq!(found.collect::<Vec<_>>().await?, [1, 3]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    fn timeout(self, limit: Duration) -> Limited<Self::Stage>
    where
        Self::Stage: ItemStage<State = ()>,
    {
        Limited::new(self.into_stage(), limit)
    }
}

impl<Form, S: IntoStage<Form>> ItemStageExt<Form> for S {}
