use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use futures::stream::FusedStream;
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::outcome::Outcome;
use super::run_error::{RUN, RunError};
use super::run_report::RunReport;
use crate::channel::{Event, Signal, SignalKind};
use crate::error::Result;
use crate::stage::{Control, Flow, StageError};

/// One execution of a pipeline: a [`Stream`] of its items, followed by exactly one result.
///
/// The run succeeds if every stage succeeded and all data arrived. Otherwise the result is a
/// [`RunError`] with the first cause. When the result is available, no stage is running.
/// **Dropping** a run cancels it.
///
/// # Example
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
/// use pipewright::Pipeline;
///
/// let run = Pipeline::from_iter(1..=3_u32).run_local();
/// assert_eq!(run.collect::<Vec<_>>().await?, [1, 2, 3]);
/// # Ok(()) }
/// ```
pub struct Run<S> {
    source: Pin<Box<S>>,
    items: u64,
    /// A failure of the output, kept until all stages have reported their results.
    failure: Option<StageError>,
    /// Set when the output has ended.
    over: bool,
    outcome: Option<Result<RunReport, RunError>>,
    told: bool,
}

/// The executor behind a [`Run`]; there is one for each way to run a pipeline.
pub trait RunSource {
    /// The type of the output items.
    type Item;

    /// Returns the next event of the output. After `None` or an error, the outcome follows.
    #[doc(hidden)]
    fn poll_flow(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<Self::Item>>>;

    /// Waits until every stage has ended.
    #[doc(hidden)]
    fn poll_outcome(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome>;

    /// Starts to cancel the run.
    #[doc(hidden)]
    fn cancel(&self);

    /// A handle that drains the run.
    #[doc(hidden)]
    fn drain_handle(&self) -> DrainHandle;
}

/// An event of the output, for which no policy can be set: an unreadable item is a failure.
#[inline]
pub(super) fn without_policy<T>(event: Flow<T>) -> Flow<T> {
    match event {
        Ok(Event::Signal(Signal(SignalKind::Unreadable(unreadable)))) => {
            Err(StageError::input(RUN, unreadable.error))
        }
        event => event,
    }
}

impl<S: RunSource> Run<S> {
    pub(super) fn new(source: S) -> Self {
        Self {
            source: Box::pin(source),
            items: 0,
            failure: None,
            over: false,
            outcome: None,
            told: false,
        }
    }

    /// Returns the next event or the end of the run. The error is returned once.
    #[inline]
    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Event<S::Item>, RunError>>> {
        while !self.over {
            match ready!(self.source.as_mut().poll_flow(cx)) {
                Some(Ok(Event::Signal(_))) => continue,
                Some(Ok(event)) => {
                    self.items += u64::from(matches!(event, Event::Item(_)));
                    return Poll::Ready(Some(Ok(event)));
                }
                Some(Err(failure)) => self.failure = Some(failure),
                None => {}
            }
            self.over = true;
        }
        let outcome = ready!(self.poll_result(cx));
        let error = outcome.as_ref().err().cloned();
        let told = std::mem::replace(&mut self.told, true);
        Poll::Ready(error.filter(|_| !told).map(Err))
    }

    /// Waits until every stage has ended, and returns the run's result.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<&Result<RunReport, RunError>> {
        if self.outcome.is_none() {
            let outcome = ready!(self.source.as_mut().poll_outcome(cx));
            self.outcome = Some(outcome.verifier(self.items, self.failure.take()));
        }
        match &self.outcome {
            Some(outcome) => Poll::Ready(outcome),
            None => Poll::Pending,
        }
    }

    /// Returns the next item. `None` if the run was complete, or its error was already returned.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no item is lost.
    pub async fn next(&mut self) -> Option<Result<S::Item, RunError>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }

    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<S::Item, RunError>>> {
        loop {
            return Poll::Ready(match ready!(self.poll_event(cx)) {
                Some(Ok(Event::Item(item))) => Some(Ok(item)),
                Some(Ok(Event::Message(_) | Event::Progress(_) | Event::Signal(_))) => continue,
                Some(Err(error)) => Some(Err(error)),
                None => None,
            });
        }
    }

    /// Returns the next item, message or progress of a stage, in order; otherwise like
    /// [`next`](Self::next).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: no event is lost.
    pub async fn next_event(&mut self) -> Option<Result<Event<S::Item>, RunError>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// Drops the remaining items, waits for the end of the run and returns its report.
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`] of the run, even if it was returned before.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn report(mut self) -> Result<RunReport, RunError> {
        while let Some(item) = self.next().await {
            item?;
        }
        poll_fn(|cx| self.poll_result(cx).map(Clone::clone)).await
    }

    /// Waits for the end of the run and returns its only item: the value of a stage that receives a
    /// stream and returns a value, of [`fold`](crate::Pipeline::fold), or of
    /// [`fork_join`](crate::Pipeline::fork_join).
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`] of the run, or an error with the code
    /// [`NOT_ONE`](RunError::NOT_ONE) if the run had no output item or several.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn value(mut self) -> Result<S::Item, RunError> {
        let mut value = None;
        while let Some(item) = self.next().await {
            value = Some(item?);
        }
        match value {
            Some(value) if self.items == 1 => Ok(value),
            _ => {
                let reason = format!("the run has given {} items instead of one", self.items);
                Err(StageError::new(RunError::NOT_ONE, RUN, reason).into())
            }
        }
    }

    /// Collects all items of a complete run.
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`] of the run; the items before it are dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn collect<C>(mut self) -> Result<C, RunError>
    where
        C: Default + Extend<S::Item>,
    {
        let mut collected = C::default();
        while let Some(item) = self.next().await {
            collected.extend(std::iter::once(item?));
        }
        Ok(collected)
    }

    /// Calls `each` with every item.
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`] of the run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn for_each(mut self, mut each: impl FnMut(S::Item)) -> Result<RunReport, RunError> {
        while let Some(item) = self.next().await {
            each(item?);
        }
        self.report().await
    }

    /// Ends the sources of the run, so that it completes: operators output the items and windows
    /// that they hold, consumers finish, and the result of the run is complete.
    ///
    /// Returns immediately; read the rest of the run as usual. Items that a source has not returned
    /// yet are dropped. A [`Producer`](crate::Producer) must return when
    /// [`StageContext::draining`](crate::StageContext::draining) completes.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use futures::stream;
    /// use pipewright::Pipeline;
    ///
    /// let mut run = Pipeline::source(stream::repeat(1_u64))
    ///     .fold(0, |sum, n| {
    ///         *sum += n;
    ///         Ok::<_, pipewright::Error>(())
    ///     })
    ///     .run_local();
    /// let handle = run.drain_handle();
    /// tokio::spawn(async move { handle.drain() }); // for example on a signal
    /// assert!(run.next().await.transpose()?.is_some());
    /// assert_eq!(run.report().await?.items, 1);
    /// # Ok(()) }
    /// ```
    pub fn drain(&self) {
        self.source.drain_handle().drain();
    }

    /// Returns a handle that [drains](Self::drain) the run from elsewhere.
    pub fn drain_handle(&self) -> DrainHandle {
        self.source.drain_handle()
    }

    /// Cancels the run and waits until no stage is running.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: the first poll cancels the run.
    pub async fn cancel(mut self) {
        self.source.cancel();
        self.over = true;
        poll_fn(|cx| self.poll_result(cx).map(|_| ())).await;
    }
}

/// Drains a run from another task; see [`Run::drain_handle`].
#[derive(Clone, Debug)]
pub struct DrainHandle(Control);

impl DrainHandle {
    pub(super) fn new(control: Control) -> Self {
        Self(control)
    }

    /// Ends the sources of the run; see [`Run::drain`]. It has no effect after the end of the run.
    pub fn drain(&self) {
        self.0.drain();
    }
}

impl<S: RunSource<Item = Bytes>> Run<S> {
    /// Writes all output to `output` and flushes it, without shutting it down.
    ///
    /// # Errors
    ///
    /// Returns the [`RunError`] of the run, or the error of `output`, which cancels the run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn write_to(
        mut self,
        output: &mut (impl AsyncWrite + Unpin + ?Sized),
    ) -> Result<RunReport> {
        while let Some(bytes) = self.next().await {
            output.write_all(&bytes?).await?;
        }
        output.flush().await?;
        Ok(self.report().await?)
    }
}

/// An error is returned once, and then the stream ends.
impl<S: RunSource> Stream for Run<S> {
    type Item = Result<S::Item, RunError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.poll_item(cx)
    }
}

impl<S: RunSource> FusedStream for Run<S> {
    fn is_terminated(&self) -> bool {
        self.told
    }
}

impl<S> fmt::Debug for Run<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run")
            .field("items", &self.items)
            .finish_non_exhaustive()
    }
}
