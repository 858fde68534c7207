//! The messages that pipewright streams carry in addition to their payload (`docs/protocol.md`
//! section 9).
//!
//! Each is a text frame with a JSON object that contains `"pipewright": 1`. Every other text frame
//! belongs to the user.

mod abort;
mod end;
mod header;
mod message;

pub use abort::Abort;
pub(crate) use end::End;
pub use header::Header;
pub use message::Progress;
pub(crate) use message::{InBand, Turn};

/// The version of the stream protocol that this crate reads and writes.
pub(crate) const VERSION: u64 = 1;
