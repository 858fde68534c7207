//! Compression of a whole stream, between items and frames.
//!
//! The parts are state machines without I/O. A compressed stream is one frame of the algorithm's
//! standard format, so other languages and the tools `zstd` and `lz4` can read it.
//!
//! Two small traits hide the algorithms, so a build without one of them differs in one place.

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
