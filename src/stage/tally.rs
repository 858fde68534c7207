use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures::Stream;
use pin_project::pin_project;

use super::Flow;
use crate::channel::Event;

/// What came out of each part of a run within one process, in the order of the stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally(Arc<Mutex<Vec<Entry>>>);

/// A name, and the items that came out under it.
type Entry = (String, Arc<AtomicU64>);

impl Tally {
    /// Counts what `stream` gives, as the output of `name`.
    ///
    /// Parts are counted in the order of these calls, so a part counts after the ones before it.
    pub(crate) fn count<S>(&self, name: &str, stream: S) -> Counted<S> {
        let count = Arc::new(AtomicU64::new(0));
        self.entries().push((name.to_owned(), Arc::clone(&count)));
        Counted {
            stream,
            items: 0,
            count,
        }
    }

    /// Names and counts so far.
    pub(crate) fn read(&self) -> Vec<(String, u64)> {
        self.entries()
            .iter()
            .map(|(name, count)| (name.clone(), count.load(Relaxed)))
            .collect()
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
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
