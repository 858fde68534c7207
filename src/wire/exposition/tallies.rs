use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The values of one label: few, and all known.
pub(crate) trait Kind: Copy + PartialEq + 'static {
    const ALL: &'static [Self];
    /// The label value.
    fn word(self) -> &'static str;
}

/// One counter for each value of a label.
#[derive(Debug)]
pub(crate) struct Tallies<K> {
    counts: Box<[AtomicU64]>,
    kinds: PhantomData<K>,
}

impl<K: Kind> Default for Tallies<K> {
    fn default() -> Self {
        Self {
            counts: K::ALL.iter().map(|_| AtomicU64::new(0)).collect(),
            kinds: PhantomData,
        }
    }
}

impl<K: Kind> Tallies<K> {
    pub(crate) fn add(&self, kind: K) {
        let at = K::ALL.iter().position(|known| *known == kind);
        if let Some(count) = at.and_then(|at| self.counts.get(at)) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// The label values with their counts.
    pub(crate) fn read(&self) -> impl Iterator<Item = ([&'static str; 1], u64)> {
        let counts = self.counts.iter().map(|count| count.load(Relaxed));
        K::ALL.iter().map(|kind| [kind.word()]).zip(counts)
    }
}
