//! What becomes of an item that a stage cannot handle: settings of stages that handle one item at
//! a time.
//!
//! Each is the stage in a cover: [`Retried`] makes the call again, [`Guarded`] takes what fails in
//! the end, and a [`Remedy`] says what is done about it. A cover is a stage again.

mod dead_letter;
mod ext;
mod guarded;
mod remedy;
mod retried;

pub use dead_letter::{DeadLetter, DeadLetters, ToDeadLetters};
pub use ext::ItemStageExt;
pub use guarded::Guarded;
pub use remedy::{Policy, Remedy};
pub use retried::Retried;
