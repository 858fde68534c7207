use std::fmt;

use tokio::time::sleep;
use uuid::Uuid;

use super::pipeline::Pipeline;
use super::run_error::RunError;
use super::run_report::RunReport;
use super::segment::Segment;
use crate::worker::{Backoff, Worker};

/// A pipeline that is created and run again after a failure of the infrastructure; see
/// [`Pipeline::retry`].
#[must_use = "a pipeline does nothing until it is run"]
pub struct RetriedRun<M> {
    times: u32,
    backoff: Backoff,
    make: M,
}

/// A run that failed because of the infrastructure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FailedRun {
    /// Why it failed.
    pub error: RunError,
    /// Number of items that it had output before it failed. The caller has received them.
    pub items: u64,
}

impl Pipeline {
    /// Repeats a run that fails because of the infrastructure: the engine, a connection or a worker
    /// was lost ([`RunError::is_infrastructure`]). Other failures are final.
    ///
    /// `make` creates the pipeline for each run, with a new source. It receives the earlier failed
    /// runs, with the number of items that each of them output. The caller has already received
    /// these items, so `make` decides what to output again: all items, or with `skip` only the
    /// later ones. There are at most `times` further runs, with the delays of `backoff` between
    /// them.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "engine")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Backoff, Pipeline, Worker};
    ///
    /// let worker = Worker::embedded().await?;
    /// let mut seen = Vec::new();
    /// let retried = Pipeline::retry(3, Backoff::new(), |failed| {
    ///     let given = failed.iter().map(|run| run.items).sum();
    ///     Pipeline::from_iter(0..5_u64).skip(given)
    /// });
    /// retried.for_each(&worker, |n| seen.push(n)).await?;
    /// assert_eq!(seen, [0, 1, 2, 3, 4]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "engine"))]
    /// # fn main() {}
    /// ```
    pub fn retry<P, M>(times: u32, backoff: Backoff, make: M) -> RetriedRun<M>
    where
        P: Segment,
        M: FnMut(&[FailedRun]) -> Pipeline<P>,
    {
        RetriedRun {
            times,
            backoff,
            make,
        }
    }
}

impl<M> RetriedRun<M> {
    /// Runs the pipeline over channels, and calls `each` with every item of every run.
    ///
    /// # Errors
    ///
    /// Returns the error of the last run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future cancels the run.
    pub async fn for_each<P>(
        mut self,
        worker: &Worker,
        mut each: impl FnMut(P::Out),
    ) -> Result<RunReport, RunError>
    where
        P: Segment,
        M: FnMut(&[FailedRun]) -> Pipeline<P>,
    {
        let mut failed = Vec::new();
        loop {
            let mut items = 0;
            let pipeline = (self.make)(&failed);
            let ended = match pipeline.start(worker).await {
                Ok(run) => {
                    let counted = run.for_each(|item| {
                        items += 1;
                        each(item);
                    });
                    counted.await
                }
                Err(error) => Err(error),
            };
            let error = match ended {
                Ok(report) => return Ok(report),
                Err(error) => error,
            };
            let made = u32::try_from(failed.len()).unwrap_or(u32::MAX);
            if !error.is_infrastructure() || made >= self.times {
                return Err(error);
            }
            let random = Uuid::new_v4().as_fields().0;
            let Some(wait) = self.backoff.delay(made, random) else {
                return Err(error);
            };
            tracing::warn!(%error, items, ?wait, "a run failed and is repeated");
            failed.push(FailedRun { error, items });
            sleep(wait).await;
        }
    }
}

impl<M> fmt::Debug for RetriedRun<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetriedRun")
            .field("times", &self.times)
            .field("backoff", &self.backoff)
            .finish_non_exhaustive()
    }
}
