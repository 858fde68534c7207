use std::collections::VecDeque;

use crate::wire::Progress;

/// Progress messages waiting for room: the latest of each stage, for up to [`STAGES`] stages.
#[derive(Debug, Default)]
pub(super) struct LatestProgress(VecDeque<Box<Progress>>);

/// Number of stages whose progress is kept. It is bounded because a peer chooses their names.
const STAGES: usize = 64;

impl LatestProgress {
    /// Stores the progress of a stage and replaces its previous one.
    pub(super) fn put(&mut self, progress: Box<Progress>) {
        let earlier = self.0.iter_mut().find(|kept| kept.stage == progress.stage);
        if let Some(kept) = earlier {
            *kept = progress;
            return;
        }
        if self.0.len() == STAGES {
            self.0.pop_front();
        }
        self.0.push_back(progress);
    }

    pub(super) fn take(&mut self) -> Option<Box<Progress>> {
        self.0.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{LatestProgress, STAGES};
    use crate::wire::Progress;

    #[test]
    fn the_latest_progress_of_each_stage_is_kept() {
        let mut latest = LatestProgress::default();
        for items in 0..3 {
            for stage in 0..STAGES + 2 {
                latest.put(Box::new(Progress {
                    stage: stage.to_string(),
                    items,
                    ..Progress::default()
                }));
            }
        }
        let mut left = Vec::new();
        while let Some(progress) = latest.take() {
            left.push(progress);
        }
        assert_eq!(left.len(), STAGES);
        assert!(left.iter().all(|progress| progress.items == 2));
    }
}
