use crate::channel::Event;
use crate::pipeline::{Run, RunError, RunSource};
use crate::stage::StageReport;

/// The result of a tested stage.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tested<T> {
    /// The output items, even if the stage failed later.
    pub items: Vec<T>,
    /// The output messages: the stage's own and those that it forwarded.
    pub messages: Vec<String>,
    /// The stage's report, or how it failed.
    pub outcome: Result<StageReport, RunError>,
}

impl<T> Tested<T> {
    /// Collects the result of a run. `stage` is the index of the stage, or of its first part, in
    /// the report.
    pub(super) async fn of(mut run: Run<impl RunSource<Item = T>>, stage: usize) -> Self {
        let (mut items, mut messages) = (Vec::new(), Vec::new());
        while let Some(Ok(event)) = run.next_event().await {
            match event {
                Event::Item(item) => items.push(item),
                Event::Message(text) => messages.push(text.to_string()),
                Event::Progress(_) | Event::Signal(_) => {}
            }
        }
        let report = |report: crate::pipeline::RunReport| {
            let parts = report.stages.into_iter().skip(stage);
            parts
                .map(|part| part.report.unwrap_or_default())
                .reduce(|first, second| first.followed_by(&second))
                .unwrap_or_default()
        };
        Self {
            items,
            messages,
            outcome: run.report().await.map(report),
        }
    }

    /// The report of the stage.
    ///
    /// # Panics
    ///
    /// Panics if the stage failed.
    #[track_caller]
    pub fn report(&self) -> &StageReport {
        match &self.outcome {
            Ok(report) => report,
            Err(error) => panic!("the stage failed: {error:#}"),
        }
    }

    /// The error of the stage.
    ///
    /// # Panics
    ///
    /// Panics if the stage did not fail.
    #[track_caller]
    pub fn error(&self) -> &RunError {
        match &self.outcome {
            Ok(report) => panic!("the stage did not fail: {report:?}"),
            Err(error) => error,
        }
    }
}
