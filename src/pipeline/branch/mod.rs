//! Pipelines that part and come together again.
//!
//! Whatever parts a stream, the result is [`Merged`]: a [`Stem`](stem::Stem) hands the items to
//! branches, each begins with an [`Inlet`] and is a pipeline of its own, and what comes out of
//! them becomes one stream. Each operator is a few lines over that:
//!
//! | operator | an item goes to | what comes out is in the order |
//! |---|---|---|
//! | [`broadcast`] | every branch | of arrival |
//! | [`tee`](broadcast) | the main line and a side branch | of the main line |
//! | [`partition`] | the branch of its key | of arrival; kept for each key |
//! | [`parallel`] | the next copy with room | of arrival, or that of the input |
//! | [`merge`] | - | of arrival; kept for each pipeline |
//!
//! [`boxed`] forgets the types of a pipeline, as is done for every branch.
//!
//! # Behaviour of all of them
//!
//! * Memory is bounded: nothing is taken in while a branch that is to have it has no room, so a
//!   slow branch holds back the others.
//! * An item that ends in no branch, because its branch has left early, counts as skipped in the
//!   report of the operator. When all branches have left, what is before gives way.
//! * A user's message goes to every branch of a broadcast, and else to the branch that the item
//!   before it went to, or in its place where copies take turns; a merge passes on what each
//!   branch gives it. Progress goes on once.
//! * The header's metadata goes to every branch. What comes out of a merge has the metadata of
//!   the pipeline, see [`Pipeline::metadata`](super::Pipeline::metadata).
//! * A failure in one branch ends the run as in a linear pipeline: first cause first, the others
//!   aborted or cancelled.

mod boxed;
mod broadcast;
mod inlet;
mod lane;
mod merge;
mod merged;
mod parallel;
mod partition;
mod stem;

pub use boxed::Boxed;
pub use broadcast::Broadcast;
pub use inlet::Inlet;
pub use merged::Merged;
