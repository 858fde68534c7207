use bytes::{Bytes, BytesMut};

use crate::channel::ReadError;
use crate::channel::error_chain::error_chain;
use crate::codec::{CompressionError, Decompressor};
use crate::wire::MAX_FRAME;

/// Decompresses a stream in chunks of at most one frame, so that the reader controls the pace: a
/// few compressed bytes can represent gigabytes.
pub(super) struct StreamDecompressor {
    decompressor: Decompressor,
    input: Bytes,
    /// Whether the input may produce more output.
    more: bool,
}

impl StreamDecompressor {
    /// Creates a decompressor for the algorithm named in a header.
    pub(super) fn new(name: &str) -> Result<Self, ReadError> {
        Ok(Self {
            decompressor: Decompressor::new(name)?,
            input: Bytes::new(),
            more: false,
        })
    }

    /// Sets the next input; call it when the previous input is used up.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.input = bytes;
        self.more = true;
    }

    /// Returns the next piece, or `None` if the input is used up.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let mut piece = BytesMut::new();
        while self.more && piece.is_empty() {
            let pushed = self
                .decompressor
                .push(&mut self.input, &mut piece, MAX_FRAME);
            // Data before the damage would be usable, but is not worth a separate buffer.
            self.more = pushed.inspect_err(|_| self.more = false)?;
        }
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }

    /// Checks at the end of a payload of `bytes` bytes that the compressed stream has ended.
    pub(super) fn finish(&self, bytes: u64) -> Result<(), ReadError> {
        self.decompressor
            .finish()
            .map_err(|error| ReadError::Truncated {
                bytes,
                reason: error_chain(&error),
            })
    }
}

impl From<CompressionError> for ReadError {
    fn from(error: CompressionError) -> Self {
        let reason = error_chain(&error);
        match error {
            CompressionError::Unknown(_) | CompressionError::NotBuilt(_) => {
                Self::Compression { reason }
            }
            _ => Self::Corrupt { reason },
        }
    }
}
