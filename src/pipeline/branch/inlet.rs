use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::{FutureExt, Stream, StreamExt, stream};

use super::super::plan::{Edge, Plan, Work};
use super::super::segment::Segment;
use crate::channel::Receiver;
use crate::codec::{Decode, Encode, Format};
use crate::stage::{Counted, Flow, Incoming, Place, StageContext, StageError};

/// The start of a branch. [`Pipeline::broadcast`](crate::Pipeline::broadcast) and other operators
/// pass it to a closure, which adds the rest of the branch.
pub struct Inlet<T, F: Format>(Slot<T, F>);

/// Connects an inlet to the part before it when the run is created.
pub(super) struct Slot<T, F: Format>(Arc<Mutex<Joint<T, F>>>);

enum Joint<T, F: Format> {
    Open,
    Local(Receiver<T, F>, Option<Place>),
    Edge(Edge),
}

impl<T, F: Format> Inlet<T, F> {
    /// Creates an inlet and its slot.
    pub(super) fn new() -> (Self, Slot<T, F>) {
        let slot = Slot(Arc::new(Mutex::new(Joint::Open)));
        (Self(Slot(Arc::clone(&slot.0))), slot)
    }
}

impl<T, F: Format> Slot<T, F> {
    pub(super) fn join_local(&self, receiver: Receiver<T, F>, fork: Option<Place>) {
        *self.lock() = Joint::Local(receiver, fork);
    }

    pub(super) fn join_edge(&self, edge: Edge) {
        *self.lock() = Joint::Edge(edge);
    }

    /// Whether the inlet is still part of a pipeline.
    pub(super) fn is_used(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn lock(&self) -> MutexGuard<'_, Joint<T, F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Joint<T, F> {
        std::mem::replace(&mut *self.lock(), Joint::Open)
    }
}

fn alone() -> StageError {
    let reason = "a branch runs as a part of its pipeline only";
    StageError::new(StageError::BAD_REQUEST, "branch", reason)
}

impl<T, F> Segment for Inlet<T, F>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, _: &mut Vec<String>) {}

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        match self.0.take() {
            Joint::Local(receiver, fork) => {
                // What goes into this branch: out of the fork, and into the stage after it.
                let count = context.parts().add_branch(fork);
                Counted::new(Incoming::new(receiver, context.stage()), count).left_stream()
            }
            _ => stream::once(async { Err(alone()) }).right_stream(),
        }
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        if let Joint::Edge(edge) = self.0.take() {
            return edge;
        }
        let refuse = async { Err(alone()) };
        let work = Work::Here(Box::new(move |_, _| refuse.boxed()));
        plan.node("branch".to_owned(), None, work)
    }
}

impl<T, F: Format> fmt::Debug for Inlet<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}
