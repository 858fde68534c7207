use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Account;

/// A number of bytes that several holders share.
///
/// A holder that has as much as is left gets no more. If several holders take all they can, one
/// after the other, each gets half of the rest, so something is always left for small holders.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: usize,
    /// Updated without ordering: the value may be a few frames old, which is harmless.
    held: AtomicUsize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self {
            limit,
            held: AtomicUsize::new(0),
        })
    }

    /// Creates an account that holds nothing.
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
