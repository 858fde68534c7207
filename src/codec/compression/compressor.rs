use std::fmt;

use bytes::BytesMut;

use super::compression::Compress;
use super::{Compression, CompressionError};

/// Compresses a stream.
pub(crate) struct Compressor {
    algorithm: Box<dyn Compress>,
}

impl Compressor {
    /// # Errors
    ///
    /// Fails if this build lacks the algorithm, or if memory cannot be allocated.
    pub(crate) fn new(compression: Compression) -> Result<Self, CompressionError> {
        let algorithm = algorithm(compression)?;
        Ok(Self { algorithm })
    }

    /// Compresses `bytes` and appends the available output to `out`, which may be nothing.
    pub(crate) fn push(
        &mut self,
        bytes: &[u8],
        out: &mut BytesMut,
    ) -> Result<(), CompressionError> {
        let result = self.algorithm.push(bytes, out);
        result.map_err(CompressionError::Failed)
    }

    /// Appends everything that the receiver needs to decompress what was pushed so far. Reduces the
    /// compression ratio.
    pub(crate) fn flush(&mut self, out: &mut BytesMut) -> Result<(), CompressionError> {
        self.algorithm.flush(out).map_err(CompressionError::Failed)
    }

    /// Flushes and appends the end of the frame, also for an empty stream. Nothing may be pushed
    /// afterwards.
    pub(crate) fn finish(&mut self, out: &mut BytesMut) -> Result<(), CompressionError> {
        self.algorithm.finish(out).map_err(CompressionError::Failed)
    }
}

fn algorithm(compression: Compression) -> Result<Box<dyn Compress>, CompressionError> {
    match compression {
        #[cfg(feature = "zstd")]
        Compression::Zstd { level } => super::zstd::ZstdCompressor::new(level)
            .map(|algorithm| Box::new(algorithm) as Box<dyn Compress>)
            .map_err(CompressionError::Failed),
        #[cfg(feature = "lz4")]
        Compression::Lz4 => Ok(Box::new(super::lz4::Lz4Compressor::new())),
        #[cfg(not(all(feature = "zstd", feature = "lz4")))]
        missing => Err(CompressionError::NotBuilt(missing.name())),
    }
}

impl fmt::Debug for Compressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compressor").finish_non_exhaustive()
    }
}
