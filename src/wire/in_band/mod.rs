//! The messages that our streams carry beside their payload (design, "The stream protocol").
//!
//! Each is a text frame with a JSON object that has `"pipewright": 1`. Whatever else a text frame
//! holds is the user's.

mod abort;
mod end;
mod header;
mod message;
mod progress;
mod turn;

pub use abort::Abort;
pub(crate) use end::End;
pub use header::Header;
pub(crate) use message::InBand;
pub use progress::Progress;
pub(crate) use turn::Turn;

/// The version of the stream protocol that this crate writes and reads.
pub(crate) const VERSION: u64 = 1;
