//! Formats: how items are converted to bytes.
//!
//! A format has a name on the wire and up to two implementations: [`Encode`] for senders and
//! [`Decode`] for receivers. Both work on byte slices and do not deal with frames. The channel
//! decides how items share frames or span several.

mod append;
mod bincode;
mod bounded;
mod checked;
mod compression;
mod delimited;
mod format;
mod json;
mod limits;
mod lines;
#[cfg(feature = "messagepack")]
mod messagepack;
mod nested;
#[cfg(feature = "postcard")]
mod postcard;
mod raw;
mod shape;
mod tokio_codec;

pub use bincode::Bincode;
pub use compression::Compression;
pub(crate) use compression::{CompressionError, Compressor, Decompressor};
pub use format::{Decode, Decoded, Encode, EncodeError, Format, FormatError};
pub use json::Json;
pub use limits::ItemLimits;
pub use lines::Lines;
#[cfg(feature = "messagepack")]
pub use messagepack::MessagePack;
#[cfg(feature = "postcard")]
pub use postcard::Postcard;
pub use raw::Raw;
pub(crate) use shape::differences;
pub use tokio_codec::{NamedCodec, TokioCodec};
