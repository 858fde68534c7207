//! Error handling for stages that process one item at a time.
//!
//! Each policy is a [`Layer`](layer::Layer) around the stage: [`Retried`] repeats calls,
//! [`Guarded`] handles the final failure, and a [`Remedy`] is what it does. A layer is itself a
//! stage. The order of the two does not matter: a retry passes through the policies inside it and
//! repeats the call itself.

mod dead_letter;
mod ext;
mod guarded;
mod layer;
mod letter_box;
mod letters;
mod limited;
mod remedy;
mod retried;
mod retry;

pub use dead_letter::{DeadLetter, ToDeadLetters};
pub use ext::ItemStageExt;
pub use guarded::Guarded;
pub use letters::DeadLetters;
pub use limited::Limited;
pub use remedy::{Policy, Remedy};
pub use retried::Retried;
pub use retry::Retry;
pub(super) use retry::again;
