use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The responses that an attacker received, with their counts.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<Mutex<BTreeMap<String, u64>>>);

impl Tally {
    pub(super) fn count(&self, what: impl Display) {
        self.add(what, 1);
    }

    pub(super) fn add(&self, what: impl Display, times: u64) {
        *self.lock().entry(what.to_string()).or_default() += times;
    }

    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
