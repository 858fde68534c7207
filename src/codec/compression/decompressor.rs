use std::fmt;
use std::io;

use bytes::{Bytes, BytesMut};

use super::{Compression, CompressionError};

/// Undoes the compression of a stream, never more at once than is asked for: a few bytes can
/// stand for gigabytes.
pub(crate) struct Decompressor {
    algorithm: Box<dyn Decompress>,
}

/// The receiver's half of an algorithm.
pub(super) trait Decompress: Send + Sync {
    /// Takes bytes off the front of `input` and appends at most `limit` bytes to `out`. Stops
    /// when the limit is met, the input is used up or the stream has ended.
    fn push(&mut self, input: &mut Bytes, out: &mut BytesMut, limit: usize) -> io::Result<()>;

    /// Whether the end was seen, and everything before it given out.
    fn has_ended(&self) -> bool;
}

impl Decompressor {
    /// By the name in the header of a stream.
    ///
    /// # Errors
    ///
    /// When the name is unknown, or this build does not have the algorithm.
    pub(crate) fn new(name: &str) -> Result<Self, CompressionError> {
        let Some(compression) = Compression::from_name(name) else {
            return Err(CompressionError::Unknown(name.to_owned()));
        };
        let algorithm = algorithm(compression)?;
        Ok(Self { algorithm })
    }

    /// Takes bytes off the front of `input` and appends at most `limit` bytes to `out`.
    ///
    /// True if there may be more: then call again with the rest of `input`, even if that is empty.
    /// False if all input was used.
    ///
    /// # Errors
    ///
    /// When the bytes are not those of a compressed stream, or go on after its end. What was
    /// appended before is good.
    pub(crate) fn push(
        &mut self,
        input: &mut Bytes,
        out: &mut BytesMut,
        limit: usize,
    ) -> Result<bool, CompressionError> {
        let before = out.len();
        self.algorithm
            .push(input, out, limit)
            .map_err(CompressionError::Damaged)?;
        if self.algorithm.has_ended() {
            if !input.is_empty() {
                return Err(CompressionError::Trailing);
            }
            return Ok(false);
        }
        Ok(!input.is_empty() || out.len() - before == limit)
    }

    /// To be asked when the last input is used.
    ///
    /// # Errors
    ///
    /// When the compressed stream has not come to its end.
    pub(crate) fn finish(&self) -> Result<(), CompressionError> {
        if self.algorithm.has_ended() {
            Ok(())
        } else {
            Err(CompressionError::Truncated)
        }
    }
}

fn algorithm(compression: Compression) -> Result<Box<dyn Decompress>, CompressionError> {
    match compression {
        #[cfg(feature = "zstd")]
        Compression::Zstd { .. } => super::zstd::ZstdDecompressor::new()
            .map(|algorithm| Box::new(algorithm) as Box<dyn Decompress>)
            .map_err(CompressionError::Failed),
        #[cfg(feature = "lz4")]
        Compression::Lz4 => Ok(Box::new(super::lz4::Lz4Decompressor::new())),
        #[cfg(not(all(feature = "zstd", feature = "lz4")))]
        missing => Err(CompressionError::NotBuilt(missing.name())),
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor").finish_non_exhaustive()
    }
}
