//! Pipelines that split and join.
//!
//! Every split results in [`Merged`]. A [`BoxedFork`](fork::BoxedFork) passes items to branches.
//! Each branch starts with a [`BranchInput`] and is a pipeline of its own. Their outputs are merged
//! into one stream. Each operator is a small layer on top:
//!
//! | operator | target of an item | order of outputs |
//! |---|---|---|
//! | [`broadcast`] | every branch | of arrival |
//! | [`tee`](broadcast) | the main line and a side branch | of the main line |
//! | [`partition`] | the branch of its key | of arrival; kept within each key |
//! | [`parallel`] | the next copy with room | of arrival, or of the input |
//! | [`merge`] | - | of arrival; kept within each pipeline |
//!
//! Two streams of different types are joined by [`paired`]: `zip`, `join` and `fork_join`.
//!
//! [`boxed`] erases the types of a pipeline; every branch is boxed.
//!
//! # Common behaviour
//!
//! * Memory is bounded: no item is taken from the input while a target branch has no room, so a
//!   slow branch holds back the others.
//! * An item whose branch has stopped early counts as skipped in the report of the operator. When
//!   all branches have stopped, the stages before them stop as well.
//! * A user message goes to every branch of a broadcast. In a partition, it goes to the branch of
//!   the item before it. Where copies take turns, it keeps its position. A merge forwards the
//!   messages of every branch. A side branch returns no messages, so a tee does not duplicate them.
//! * Progress goes to any branch with room. Later progress of a stage replaces waiting progress.
//! * Order across copies is kept by internal messages of the stream protocol. The stages must
//!   declare that they forward these messages in order.
//! * The header's metadata goes to every branch. The output of a merge has the metadata of the
//!   pipeline; see [`Pipeline::metadata`](super::Pipeline::metadata).
//! * A failure in one branch ends the run as in a linear pipeline: the first cause is reported,
//!   and the other branches are aborted or cancelled.

mod boxed;
#[expect(clippy::module_inception, reason = "one type, one file")]
mod branch;
mod broadcast;
mod fork;
mod input;
mod merge;
mod merged;
mod paired;
mod parallel;
mod partition;

pub use boxed::Boxed;
pub use broadcast::Broadcast;
pub use input::BranchInput;
pub use merged::Merged;
pub use paired::Paired;
