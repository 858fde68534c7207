use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Account;

/// Bytes that many may hold together.
///
/// Whoever holds more than all of them have left gets no more: so there is always something left
/// for those who hold little, however many hold much: of those that take what they can, one after
/// the other, each takes half of what is left.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    /// Counted without order: it may be a few frames old, which is no harm.
    held: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: AtomicUsize::new(0),
        })
    }

    /// An account of somebody who holds nothing yet.
    pub(crate) fn account(self: &Arc<Self>) -> Account {
        Account::new(Arc::clone(self))
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) fn left(&self) -> usize {
        self.limit.saturating_sub(self.held())
    }

    pub(super) fn add(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn sub(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}
