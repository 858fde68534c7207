use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use futures::{FutureExt, Stream, StreamExt, stream};

use super::super::plan::{Edge, Plan, Work};
use super::super::segment::Segment;
use crate::channel::Receiver;
use crate::codec::{Decode, Encode, Format};
use crate::stage::{Counted, Flow, Incoming, PartIndex, StageContext, StageError};
use crate::sync::MutexExt;

/// The start of a branch. [`Pipeline::broadcast`](crate::Pipeline::broadcast) and other operators
/// pass it to a closure, which adds the rest of the branch.
pub struct BranchInput<T, F: Format>(InputSlot<T, F>);

/// Connects a branch input to the part before it when the run is created.
pub(super) struct InputSlot<T, F: Format>(Arc<Mutex<InputState<T, F>>>);

enum InputState<T, F: Format> {
    Open,
    Local(Receiver<T, F>, Option<PartIndex>),
    Edge(Edge),
}

impl<T, F: Format> BranchInput<T, F> {
    /// Creates a branch input and its slot.
    pub(super) fn new() -> (Self, InputSlot<T, F>) {
        let slot = InputSlot(Arc::new(Mutex::new(InputState::Open)));
        (Self(InputSlot(Arc::clone(&slot.0))), slot)
    }
}

impl<T, F: Format> InputSlot<T, F> {
    pub(super) fn join_local(&self, receiver: Receiver<T, F>, fork: Option<PartIndex>) {
        *self.lock() = InputState::Local(receiver, fork);
    }

    pub(super) fn join_edge(&self, edge: Edge) {
        *self.lock() = InputState::Edge(edge);
    }

    /// Whether the branch input is still part of a pipeline.
    pub(super) fn is_used(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    fn lock(&self) -> MutexGuard<'_, InputState<T, F>> {
        self.0.lock_unpoisoned()
    }

    fn take(&self) -> InputState<T, F> {
        std::mem::replace(&mut *self.lock(), InputState::Open)
    }
}

fn alone() -> StageError {
    let reason = "a branch runs as a part of its pipeline only";
    StageError::new(StageError::BAD_REQUEST, "branch", reason)
}

impl<T, F> Segment for BranchInput<T, F>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, _: &mut Vec<String>) {}

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        match self.0.take() {
            InputState::Local(receiver, fork) => {
                // Counts the input of this branch: the output of the fork, and the input of the
                // next stage.
                let count = context.parts().add_branch(fork);
                Counted::new(Incoming::new(receiver, context.stage()), count).left_stream()
            }
            _ => stream::once(async { Err(alone()) }).right_stream(),
        }
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        if let InputState::Edge(edge) = self.0.take() {
            return edge;
        }
        let refuse = async { Err(alone()) };
        let work = Work::Here(Box::new(move |_, _| refuse.boxed()));
        plan.node("branch".to_owned(), None, work)
    }
}

impl<T, F: Format> fmt::Debug for BranchInput<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}
