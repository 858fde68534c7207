use std::collections::HashMap;
use std::sync::Arc;

/// Runs labelled by pipelines, by worker and name, with their nodes by position.
///
/// A worker can add only to its own runs. Bounded by the number of open runs and their parts.
#[derive(Debug, Default)]
pub(super) struct Named(HashMap<(Arc<str>, String), Places>);

#[derive(Debug)]
pub(super) struct Places {
    pub(super) run: u64,
    pub(super) nodes: HashMap<usize, u64>,
}

impl Named {
    pub(super) fn get_mut(&mut self, worker: &Arc<str>, name: &str) -> Option<&mut Places> {
        self.0.get_mut(&(Arc::clone(worker), name.to_owned()))
    }

    pub(super) fn insert(&mut self, worker: &Arc<str>, name: &str, run: u64) {
        let places = Places {
            run,
            nodes: HashMap::new(),
        };
        self.0.insert((Arc::clone(worker), name.to_owned()), places);
    }

    /// The run has ended or was merged into another.
    pub(super) fn forget(&mut self, worker: &Arc<str>, name: &str) {
        self.0.remove(&(Arc::clone(worker), name.to_owned()));
    }

    /// A worker continues under another id.
    pub(super) fn renamed(&mut self, old: &Arc<str>, new: &Arc<str>) {
        let moved: Vec<_> = self.0.extract_if(|(worker, _), _| worker == old).collect();
        for ((_, name), places) in moved {
            self.0.insert((Arc::clone(new), name), places);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
