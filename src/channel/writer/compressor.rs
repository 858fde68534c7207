use bytes::BytesMut;

use crate::channel::WriteError;
use crate::channel::error_chain::error_chain;
use crate::codec::{Compression, CompressionError, Compressor};

/// The compression of a stream and its pending state.
pub(super) struct StreamCompressor {
    compressor: Compressor,
    /// An item before compression.
    item: BytesMut,
    /// Whether anything was pushed since the last flush.
    holds_back: bool,
}

impl StreamCompressor {
    pub(super) fn new(compression: Compression) -> Result<Self, WriteError> {
        Ok(Self {
            compressor: Compressor::new(compression)?,
            item: BytesMut::new(),
            holds_back: false,
        })
    }

    /// Compresses the item that `encode` appends, or nothing if it fails.
    pub(super) fn push_item<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
        out: &mut BytesMut,
    ) -> Result<Result<(), WriteError>, E> {
        // An item whose serialisation panicked has left its beginning in the buffer.
        self.item.clear();
        encode(&mut self.item)?;
        let item = self.item.split();
        Ok(self.push(&item, out))
    }

    pub(super) fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> Result<(), WriteError> {
        self.holds_back = true;
        Ok(self.compressor.push(bytes, out)?)
    }

    /// Makes everything pushed so far decodable.
    pub(super) fn flush(&mut self, out: &mut BytesMut) -> Result<(), WriteError> {
        if std::mem::take(&mut self.holds_back) {
            self.compressor.flush(out)?;
        }
        Ok(())
    }

    /// Appends the end of the compressed stream.
    pub(super) fn finish(&mut self, out: &mut BytesMut) -> Result<(), WriteError> {
        Ok(self.compressor.finish(out)?)
    }

    pub(super) fn holds_back(&self) -> bool {
        self.holds_back
    }
}

impl From<CompressionError> for WriteError {
    fn from(error: CompressionError) -> Self {
        Self::Compression {
            reason: error_chain(&error),
        }
    }
}
