use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use pipewright::{Progress, StageReport};

use super::input::Input;
use crate::terminal::print_error::print_error;
use crate::terminal::table::sanitized;

/// The progress of a run.
pub(super) struct RunProgress {
    started: Instant,
    read: Arc<AtomicU64>,
    /// Size of the input in bytes, if known.
    pub(super) size: Option<u64>,
    /// Bytes written.
    pub(super) written: u64,
    /// The progress reported by the stages, in order.
    pub(super) stages: Vec<(String, Option<StageReport>)>,
    samples: VecDeque<(Duration, u64)>,
    /// The stage that sends or forwards the messages, if they are shown.
    speaker: Option<String>,
}

/// Removes duplicates: stages with the same id cannot be distinguished in progress messages.
fn distinct(ids: Vec<String>) -> impl Iterator<Item = String> {
    let mut seen = HashSet::new();
    ids.into_iter().filter(move |id| seen.insert(id.clone()))
}

/// Measuring period of rates.
const WINDOW: Duration = Duration::from_secs(5);

impl RunProgress {
    /// Creates the progress of a run that starts now.
    pub(super) fn new(input: &Input, stages: Vec<String>, quiet: bool) -> Self {
        Self {
            started: Instant::now(),
            read: input.counter(),
            size: input.len(),
            written: 0,
            speaker: stages.last().filter(|_| !quiet).cloned(),
            stages: distinct(stages).map(|stage| (stage, None)).collect(),
            samples: VecDeque::new(),
        }
    }

    /// Shows a user message at the end of the pipeline, after the name of the last stage. The data
    /// has no place for it.
    pub(super) fn show_message(&self, text: &str) {
        if let Some(stage) = &self.speaker {
            print_error(format_args!("{stage}: {}", sanitized(text)));
        }
    }

    /// Records the progress of a stage.
    pub(super) fn note(&mut self, progress: &Progress) {
        let so_far = StageReport::so_far(progress);
        // Of stages with the same id, shows the one that has run longest.
        let told = self.stages.iter_mut().find(|(id, _)| *id == progress.stage);
        if let Some((_, shown)) = told
            && shown
                .as_ref()
                .is_none_or(|shown| shown.elapsed_us <= so_far.elapsed_us)
        {
            *shown = Some(so_far);
        }
    }

    /// Samples the counters, to compute a rate.
    pub(super) fn sample(&mut self) {
        let (now, moved) = (self.elapsed(), self.read().max(self.written));
        self.samples.push_back((now, moved));
        // Keeps one sample that is older than the window, so that there are always two.
        while self.samples.len() > 2 && self.samples[1].0 + WINDOW < now {
            self.samples.pop_front();
        }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Bytes read from the input.
    pub(super) fn read(&self) -> u64 {
        self.read.load(Relaxed)
    }

    /// The recent rate in bytes per second, of the input or the output, whichever is higher.
    pub(super) fn rate(&self) -> u64 {
        let (from, to) = match (self.samples.front(), self.samples.back()) {
            (Some(from), Some(to)) if self.samples.len() > 1 => (*from, *to),
            (_, Some(to)) => ((Duration::ZERO, 0), *to),
            _ => return 0,
        };
        let millis = u64::try_from(to.0.saturating_sub(from.0).as_millis()).unwrap_or(u64::MAX);
        (to.1 - from.1).saturating_mul(1000) / millis.max(1)
    }

    /// The percentage of the input that was read, if its size is known.
    pub(super) fn percent(&self) -> Option<u64> {
        let size = self.size.filter(|size| *size > 0)?;
        Some((self.read().min(size).saturating_mul(100)) / size)
    }

    /// Estimated remaining time at the recent rate.
    pub(super) fn left(&self) -> Option<Duration> {
        let (size, rate) = (self.size?, self.rate());
        let left = size.checked_sub(self.read()).filter(|left| *left > 0)?;
        (rate > 0).then(|| Duration::from_secs(left / rate + 1))
    }
}

#[cfg(test)]
impl RunProgress {
    /// For a run that has read `read` bytes of `size`, at 1 MiB per second.
    pub(super) fn of(read: u64, size: Option<u64>, stages: &[&str]) -> Self {
        let seconds = (read >> 20).max(1);
        Self {
            started: Instant::now(),
            read: Arc::new(AtomicU64::new(read)),
            size,
            written: read / 2,
            speaker: None,
            stages: stages.iter().map(|&id| (id.to_owned(), None)).collect(),
            samples: [(Duration::ZERO, 0), (Duration::from_secs(seconds), read)].into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::RunProgress;

    #[test]
    fn the_time_left_follows_from_rate_and_size() {
        let run_progress = RunProgress::of(30 << 20, Some(120 << 20), &[]);
        assert_eq!(run_progress.rate(), 1 << 20);
        assert_eq!(run_progress.percent(), Some(25));
        assert_eq!(run_progress.left(), Some(Duration::from_secs(91)));
        let unknown = RunProgress::of(30 << 20, None, &[]);
        assert_eq!((unknown.percent(), unknown.left()), (None, None));
        let done = RunProgress::of(30 << 20, Some(30 << 20), &[]);
        assert_eq!((done.percent(), done.left()), (Some(100), None));
    }

    #[test]
    fn a_stage_is_shown_as_it_tells_last() {
        let mut run_progress = RunProgress::of(1, None, &["a", "b"]);
        let mut progress = pipewright::Progress::default();
        progress.stage = "b".to_owned();
        for (elapsed, items) in [(1_u64, 5), (2, 9), (1, 7)] {
            progress.items = items;
            progress
                .more
                .insert("elapsed_us".to_owned(), elapsed.into());
            run_progress.note(&progress);
        }
        progress.stage = "elsewhere".to_owned();
        run_progress.note(&progress);
        assert!(run_progress.stages[0].1.is_none());
        assert_eq!(run_progress.stages[1].1.as_ref().unwrap().items_out, 9);
    }
}
