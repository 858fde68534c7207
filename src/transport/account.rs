use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::budget::Budget;

/// One holder's share of a [`Budget`]. Clones refer to the same account. Every addition must be
/// matched by a removal.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    budget: Arc<Budget>,
    own: Arc<AtomicUsize>,
}

impl Account {
    pub(super) fn new(budget: Arc<Budget>) -> Self {
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
