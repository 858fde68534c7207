use crate::channel::Event;
use crate::pipeline::{Run, RunError, RunSource};
use crate::stage::StageReport;

/// What came of a stage in a test.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tested<T> {
    /// What it gave, also if it failed in the end.
    pub items: Vec<T>,
    /// Messages that came out: its own, and those that it passed on.
    pub messages: Vec<String>,
    /// What went through it, or how it failed.
    pub outcome: Result<StageReport, RunError>,
}

impl<T> Tested<T> {
    /// Takes everything out of a run whose stage, or the first of its parts, has the place `stage`
    /// in the report.
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

    /// What went through the stage.
    ///
    /// # Panics
    ///
    /// When it failed.
    #[track_caller]
    pub fn report(&self) -> &StageReport {
        match &self.outcome {
            Ok(report) => report,
            Err(error) => panic!("the stage failed: {error:#}"),
        }
    }

    /// How the stage failed.
    ///
    /// # Panics
    ///
    /// When it did not.
    #[track_caller]
    pub fn error(&self) -> &RunError {
        match &self.outcome {
            Ok(report) => panic!("the stage did not fail: {report:?}"),
            Err(error) => error,
        }
    }
}
