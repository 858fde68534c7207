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
//! * A user's message goes to every branch of a broadcast. Otherwise it goes to the branch of the
//!   item before it, or keeps its place where copies take turns. A merge passes on the messages of
//!   every branch. A side branch gives no messages back, so a tee does not double them.
//! * Progress goes to any branch that has room. Later progress of a stage replaces progress that
//!   waits.
//! * Order across copies is kept by messages of the stream protocol that no user sees, for stages
//!   that declare that they pass them on in their places.
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
