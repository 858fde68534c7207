use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use super::{Flow, StageReport};
use crate::channel::Event;

/// What came out of each part of a run within one process, in the order of the stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<Vec<Part>>>);

/// A part of the run, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(usize);

#[derive(Debug)]
struct Part {
    /// `None` for the beginning of a branch, which counts as output of the part before it.
    name: Option<String>,
    /// The parts whose items come in.
    inputs: Vec<Place>,
    items_out: Arc<AtomicU64>,
    items_skipped: Arc<AtomicU64>,
}

impl Tally {
    /// Adds a part behind the parts `inputs`; gives the counter of what comes out of it.
    pub(crate) fn add(&self, name: Option<&str>, inputs: Vec<Place>) -> Arc<AtomicU64> {
        self.add_skipping(name, inputs, Arc::default())
    }

    /// As [`add`](Self::add), for a part that counts items that it skips.
    pub(crate) fn add_skipping(
        &self,
        name: Option<&str>,
        inputs: Vec<Place>,
        items_skipped: Arc<AtomicU64>,
    ) -> Arc<AtomicU64> {
        let items_out = Arc::<AtomicU64>::default();
        self.parts().push(Part {
            name: name.map(str::to_owned),
            inputs,
            items_out: Arc::clone(&items_out),
            items_skipped,
        });
        items_out
    }

    /// The part that was added last: the one that the next stage of a chain comes behind.
    pub(crate) fn last(&self) -> Option<Place> {
        self.parts().len().checked_sub(1).map(Place)
    }

    /// Names and counts so far.
    pub(crate) fn read(&self) -> Vec<(String, StageReport)> {
        let parts = self.parts();
        let out = |part: &Part| part.items_out.load(Relaxed);
        let reports = parts.iter().enumerate().filter_map(|(at, part)| {
            let branches = parts
                .iter()
                .filter(|branch| branch.name.is_none() && branch.inputs.contains(&Place(at)));
            let report = StageReport {
                items_in: part.inputs.iter().map(|place| out(&parts[place.0])).sum(),
                items_out: out(part) + branches.map(out).sum::<u64>(),
                items_skipped: part.items_skipped.load(Relaxed),
                ..StageReport::default()
            };
            Some((part.name.clone()?, report))
        });
        reports.collect()
    }

    fn parts(&self) -> MutexGuard<'_, Vec<Part>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream whose items are counted. The count is told when the stream pauses and when it ends,
/// so that an item costs an addition.
#[pin_project]
#[derive(Debug)]
pub(crate) struct Counted<S> {
    #[pin]
    stream: S,
    items: u64,
    count: Arc<AtomicU64>,
}

impl<S> Counted<S> {
    pub(crate) fn new(stream: S, count: Arc<AtomicU64>) -> Self {
        Self {
            stream,
            items: 0,
            count,
        }
    }
}

impl<S, T> Stream for Counted<S>
where
    S: Stream<Item = Flow<T>>,
{
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        let this = self.project();
        let polled = this.stream.poll_next(cx);
        match &polled {
            Poll::Ready(Some(Ok(Event::Item(_)))) => *this.items += 1,
            _ => this.count.store(*this.items, Relaxed),
        }
        polled
    }
}
