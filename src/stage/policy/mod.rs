//! What becomes of an item that a stage cannot handle: settings of stages that handle one item at
//! a time.
//!
//! Each is a [`Layer`](layer::Layer) around the stage: [`Retried`] makes a call again, [`Guarded`]
//! takes what fails in the end, and a [`Remedy`] says what is done about it. A layer is a stage
//! again. The order of the two does not matter: a retry passes the policies within it and makes
//! the call itself again.

mod dead_letter;
mod ext;
mod guarded;
mod layer;
mod letters;
mod remedy;
mod retried;
mod retry;

pub use dead_letter::{DeadLetter, ToDeadLetters};
pub use ext::ItemStageExt;
pub use guarded::Guarded;
pub use letters::DeadLetters;
pub use remedy::{Policy, Remedy};
pub use retried::Retried;
pub use retry::Retry;
pub(super) use retry::again;
