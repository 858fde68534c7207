//! Error handling for stages that process one item at a time.
//!
//! Each policy is a [`Layer`](layer::Layer) around the stage: [`Retried`] repeats calls,
//! [`OnError`] handles the final failure, and an [`ErrorHandling`] is what it does. A layer is
//! itself a stage. The order of the two does not matter: a retry passes through the policies inside
//! it and repeats the call itself.

mod dead_letter;
mod error_handling;
mod ext;
mod layer;
mod letter_box;
mod letter_sender;
mod limited;
mod on_error;
mod retried;
mod retry;
mod to_dead_letters;

pub use dead_letter::DeadLetter;
pub use error_handling::{ErrorHandling, Policy};
pub use ext::ItemStageExt;
pub use letter_sender::DeadLetters;
pub use limited::Limited;
pub use on_error::OnError;
pub use retried::Retried;
pub use retry::Retry;
pub use to_dead_letters::ToDeadLetters;
