//! Formats: how items become bytes.
//!
//! A format has a name on the wire and up to two implementations, [`Encode`] for senders and
//! [`Decode`] for receivers. Both work on plain byte slices and know nothing of frames: an item
//! may share a frame with others or span several, which is the channel's business.

mod bincode;
mod delimited;
mod format;
mod json;
mod limits;
mod lines;
mod raw;
mod shape;

pub use bincode::Bincode;
pub use format::{Decode, Decoded, Encode, EncodeError, Format, FormatError};
pub use json::Json;
pub use limits::ItemLimits;
pub use lines::Lines;
pub use raw::Raw;
pub(crate) use shape::differences;
