use std::fmt;

use bytes::{Bytes, BytesMut};

use super::compression::Decompress;
use super::{Compression, CompressionError};

/// Decompresses a stream, never more at a time than requested: a few bytes can represent gigabytes.
pub(crate) struct Decompressor {
    algorithm: Box<dyn Decompress>,
}

impl Decompressor {
    /// Creates a decompressor for the algorithm named in a header.
    ///
    /// # Errors
    ///
    /// Fails if the name is unknown or this build lacks the algorithm.
    pub(crate) fn new(name: &str) -> Result<Self, CompressionError> {
        let Some(compression) = Compression::from_name(name) else {
            return Err(CompressionError::Unknown(name.to_owned()));
        };
        let algorithm = algorithm(compression)?;
        Ok(Self { algorithm })
    }

    /// Takes bytes from the front of `input` and appends at most `limit` bytes to `out`.
    ///
    /// Returns `true` if there may be more output: call it again with the rest of `input`, even if
    /// that is empty. Returns `false` if all input was used.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not a compressed stream or continue after its end. Bytes appended
    /// before the error are valid.
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

    /// Checks that the stream is complete, after the last input.
    ///
    /// # Errors
    ///
    /// Fails if the compressed stream has not reached its end.
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
