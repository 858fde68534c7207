use bytes::{Bytes, BytesMut};

use crate::channel::ReadError;
use crate::channel::error_chain::error_chain;
use crate::codec::{CompressionError, Decompressor};
use crate::wire::MAX_FRAME;

/// Undoes the compression of a stream, in pieces of a frame's length at the most, so that whoever
/// reads them sets the pace: a few bytes may stand for gigabytes.
pub(super) struct Expansion {
    decompressor: Decompressor,
    input: Bytes,
    /// Whether the input may give more.
    more: bool,
}

impl Expansion {
    /// By the name in the header of a stream.
    pub(super) fn new(name: &str) -> Result<Self, ReadError> {
        Ok(Self {
            decompressor: Decompressor::new(name)?,
            input: Bytes::new(),
            more: false,
        })
    }

    /// Takes the next bytes of the stream, to be called when those before are used up.
    pub(super) fn feed(&mut self, bytes: Bytes) {
        self.input = bytes;
        self.more = true;
    }

    /// The next piece; `None` if the input is used up.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let mut piece = BytesMut::new();
        while self.more && piece.is_empty() {
            let pushed = self
                .decompressor
                .push(&mut self.input, &mut piece, MAX_FRAME);
            // What came before damage is good, but not worth a place of its own.
            self.more = pushed.inspect_err(|_| self.more = false)?;
        }
        Ok((!piece.is_empty()).then(|| piece.freeze()))
    }

    /// Looks at the end of the payload, of `bytes` bytes, whether that of the compression was seen.
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
