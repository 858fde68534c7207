use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A number of bytes that several holders share.
///
/// A holder that already uses as much as remains available gets no more. If several holders take
/// all they can, one after the other, each gets half of the rest, so some room always remains for
/// small holders.
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

    fn left(&self) -> usize {
        self.limit.saturating_sub(self.held())
    }

    fn add(&self, bytes: usize) {
        self.held.fetch_add(bytes, Ordering::Relaxed);
    }

    fn sub(&self, bytes: usize) {
        self.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// One holder's share of a [`Budget`]. Clones refer to the same account. Every addition must be
/// matched by a removal.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    budget: Arc<Budget>,
    own: Arc<AtomicUsize>,
}

impl Account {
    fn new(budget: Arc<Budget>) -> Self {
        Self {
            budget,
            own: Arc::default(),
        }
    }

    /// How much more this account may hold. Zero if it already holds as much as the budget has
    /// left.
    pub(crate) fn room(&self) -> usize {
        self.budget
            .left()
            .saturating_sub(self.own.load(Ordering::Relaxed))
    }

    pub(crate) fn add(&self, bytes: usize) {
        self.own.fetch_add(bytes, Ordering::Relaxed);
        self.budget.add(bytes);
    }

    pub(crate) fn sub(&self, bytes: usize) {
        self.own.fetch_sub(bytes, Ordering::Relaxed);
        self.budget.sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn small_holders_get_room_despite_large_ones() {
        let budget = Budget::new(1000);
        let greedy = [(); 4].map(|()| budget.account());
        while let Some(account) = greedy.iter().find(|account| account.room() > 0) {
            account.add(1);
        }
        // The first account took half, and each later one half of the rest.
        assert_eq!(budget.held(), 938);
        let modest = budget.account();
        assert_eq!(modest.room(), 62);
        greedy[0].sub(200);
        assert_eq!(modest.room(), 262);
    }
}
