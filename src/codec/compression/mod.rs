//! Compression of a whole stream, between the items and the frames.
//!
//! The pieces are plain state machines: bytes in, bytes out. What travels is one frame of the
//! algorithm's own standard format, so that other languages and the tools `zstd` and `lz4` read it.
//!
//! Algorithms sit behind two small traits, so that a build without them differs in one place each.

#[expect(clippy::module_inception, reason = "the file of the type of that name")]
mod compression;
mod compressor;
mod decompressor;
mod error;
#[cfg(feature = "lz4")]
mod lz4;
#[cfg(feature = "zstd")]
mod zstd;

#[cfg(all(test, feature = "lz4", feature = "zstd"))]
mod tests;

pub use compression::Compression;
pub(crate) use compressor::Compressor;
pub(crate) use decompressor::Decompressor;
pub(crate) use error::CompressionError;
