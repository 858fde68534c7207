use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures::Stream;
use futures::future::BoxFuture;
use pin_project::{pin_project, pinned_drop};

use super::super::{Flow, StageError, StageReport};
use crate::channel::{Event, Signal, SignalKind, StreamMetadata};
use crate::sync::MutexExt;

/// The outputs of each part of a run within one process, in the order of the stream, and the work
/// that remains after the stream.
#[derive(Clone, Default)]
pub(crate) struct LocalStats(Arc<Mutex<Parts>>);

#[derive(Default)]
struct Parts {
    parts: Vec<Part>,
    ends: Vec<End>,
}

/// A future that a run awaits after its stages were dropped.
pub(crate) type End = BoxFuture<'static, Result<(), StageError>>;

/// A part of the run, by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PartIndex(usize);

/// The counters of a stage in addition to its traffic.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    skipped: AtomicU64,
    dead: AtomicU64,
    of_bytes: AtomicBool,
}

impl Counts {
    /// Counts a skipped item; `dead` if it was sent to the dead letters.
    pub(in crate::stage) fn skip(&self, dead: bool) {
        self.skipped.fetch_add(1, Relaxed);
        self.dead.fetch_add(u64::from(dead), Relaxed);
    }

    pub(in crate::stage) fn skipped(&self) -> u64 {
        self.skipped.load(Relaxed)
    }

    pub(in crate::stage) fn dead(&self) -> u64 {
        self.dead.load(Relaxed)
    }

    /// Records that the stage reads and writes bytes, whose chunks are not items.
    pub(in crate::stage) fn count_no_items(&self) {
        self.of_bytes.store(true, Relaxed);
    }
}

#[derive(Debug)]
struct Part {
    role: Role,
    /// The parts that supply the input.
    inputs: Vec<PartIndex>,
    items_out: Arc<AtomicU64>,
    /// The metadata of the output.
    metadata: StreamMetadata,
}

#[derive(Debug)]
enum Role {
    /// A stage, a source or an operator.
    Stage { name: String, counts: Arc<Counts> },
    /// The start of a branch, which counts as output of the part before it.
    Branch,
    /// Items converted to bytes, or bytes to items; counted only by the part after it.
    Converted,
}

impl LocalStats {
    /// Adds a stage after the parts `inputs` and returns the counter of its outputs.
    pub(crate) fn add_stage(
        &self,
        name: &str,
        inputs: Vec<PartIndex>,
        counts: &Arc<Counts>,
        metadata: StreamMetadata,
    ) -> Arc<AtomicU64> {
        let (name, counts) = (name.to_owned(), Arc::clone(counts));
        self.add(Role::Stage { name, counts }, inputs, Some(metadata))
    }

    /// Adds the start of a branch after the operator `fork`.
    pub(crate) fn add_branch(&self, fork: Option<PartIndex>) -> Arc<AtomicU64> {
        self.add(Role::Branch, fork.into_iter().collect(), None)
    }

    /// Counts items of another type than the previous part returns.
    pub(crate) fn converted<S>(&self, stream: S) -> Counted<S> {
        let inputs = self.last().into_iter().collect();
        Counted::new(stream, self.add(Role::Converted, inputs, None))
    }

    /// Without `metadata`, the part forwards that of its input.
    fn add(
        &self,
        role: Role,
        inputs: Vec<PartIndex>,
        metadata: Option<StreamMetadata>,
    ) -> Arc<AtomicU64> {
        let items_out = Arc::<AtomicU64>::default();
        let parts = &mut self.lock().parts;
        let input = inputs.first().and_then(|input| parts.get(input.0));
        let forwarded = || input.map(|input| input.metadata.clone());
        let metadata = metadata.or_else(forwarded).unwrap_or_default();
        parts.push(Part {
            role,
            inputs,
            items_out: Arc::clone(&items_out),
            metadata,
        });
        items_out
    }

    /// The metadata of the output of the last part, which is the input of the next stage of a
    /// chain.
    pub(in crate::stage) fn metadata(&self) -> Option<StreamMetadata> {
        self.lock().parts.last().map(|part| part.metadata.clone())
    }

    /// The part that was added last, which the next stage of a chain follows.
    pub(crate) fn last(&self) -> Option<PartIndex> {
        self.lock().parts.len().checked_sub(1).map(PartIndex)
    }

    /// Makes the run wait for `end` after its stages were dropped.
    pub(in crate::stage) fn end_with(&self, end: End) {
        self.lock().ends.push(end);
    }

    /// Takes the futures that the run has to await.
    pub(crate) fn take_ends(&self) -> Vec<End> {
        std::mem::take(&mut self.lock().ends)
    }

    /// The names and counts so far.
    pub(crate) fn read(&self) -> Vec<(String, StageReport)> {
        let all = self.lock();
        let parts = &all.parts;
        let out = |part: &Part| part.items_out.load(Relaxed);
        let reports = parts.iter().enumerate().filter_map(|(at, part)| {
            let Role::Stage { name, counts } = &part.role else {
                return None;
            };
            let branches = parts.iter().filter(|branch| {
                matches!(branch.role, Role::Branch) && branch.inputs.contains(&PartIndex(at))
            });
            let mut report = StageReport {
                items_skipped: counts.skipped(),
                items_dead: counts.dead(),
                ..StageReport::default()
            };
            if !counts.of_bytes.load(Relaxed) {
                report.items_in = part.inputs.iter().map(|place| out(&parts[place.0])).sum();
                report.items_out = out(part) + branches.map(out).sum::<u64>();
            }
            Some((name.clone(), report))
        });
        reports.collect()
    }

    fn lock(&self) -> MutexGuard<'_, Parts> {
        self.0.lock_unpoisoned()
    }
}

/// A stream whose items are counted. The count is published when the stream pauses and when it
/// ends, so that an item costs one addition.
#[pin_project(PinnedDrop)]
#[derive(Debug)]
pub(crate) struct Counted<S> {
    #[pin]
    stream: S,
    items: u64,
    count: Arc<AtomicU64>,
}

/// A stage that needs no more items drops its input at any point.
#[pinned_drop]
impl<S> PinnedDrop for Counted<S> {
    fn drop(self: Pin<&mut Self>) {
        self.count.store(self.items, Relaxed);
    }
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

/// Whether the event replaces an unreadable item. Its writer has counted that item.
fn is_unreadable<T>(polled: &Poll<Option<Flow<T>>>) -> bool {
    matches!(
        polled,
        Poll::Ready(Some(Ok(Event::Signal(Signal(SignalKind::Unreadable(unreadable))))))
            if unreadable.goes_on
    )
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
            polled => {
                *this.items += u64::from(is_unreadable(polled));
                this.count.store(*this.items, Relaxed);
            }
        }
        polled
    }
}
