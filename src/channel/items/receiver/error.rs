use std::fmt;

use bytes::Bytes;

use crate::channel::ReadError;

/// The error of receiving an item.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiveError {
    /// The stream failed: it was aborted, truncated, damaged or never opened.
    #[error(transparent)]
    Stream(ReadError),
    /// The bytes cannot be decoded as an item.
    #[error(transparent)]
    Item(BadItem),
    /// An item exceeds the limit.
    #[error(
        "item {number}, at byte {offset}, has at least {len} bytes, over the limit of {limit}; \
         raise it with `Receiver::limits(ItemLimits::DEFAULT.max_bytes(..))`"
    )]
    TooLong {
        /// Number of the item, from 0.
        number: u64,
        /// Offset of its first byte in the decompressed payload.
        offset: u64,
        /// A lower bound on its length, in bytes.
        len: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The stream is in another format.
    #[error("the stream is in the format `{stream}`, but this receiver reads `{here}`")]
    Format {
        /// The format named in the stream's header.
        stream: String,
        /// The receiver's format.
        here: &'static str,
    },
    /// The items of the stream have another structure, and the format could misread them.
    #[error("the items of the stream are not those of this receiver: {}", .differences.join("; "))]
    Shape {
        /// One line for each difference, such as `` `price`: f64 in the stream, string here ``.
        differences: Vec<String>,
    },
    /// This build cannot decompress the stream.
    #[error("the stream cannot be decompressed: {reason}")]
    Compression {
        /// The compression and what is missing.
        reason: String,
    },
}

impl ReceiveError {
    /// The item that could not be read, with its bytes and position.
    pub fn bad_item(&self) -> Option<&BadItem> {
        match self {
            Self::Item(bad) => Some(bad),
            _ => None,
        }
    }

    /// Whether the stream's format, item type or compression does not match the receiver.
    pub fn is_mismatch(&self) -> bool {
        matches!(
            self,
            Self::Format { .. } | Self::Shape { .. } | Self::Compression { .. }
        )
    }

    /// Whether data is missing and the writer sent no abort.
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Stream(error) if error.is_truncated())
    }
}

impl From<ReadError> for ReceiveError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Compression { reason } => Self::Compression { reason },
            error => Self::Stream(error),
        }
    }
}

/// An item that could not be read, with its bytes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct BadItem {
    /// Number of the item, from 0.
    pub number: u64,
    /// Offset of its first byte in the decompressed payload.
    pub offset: u64,
    /// The item's bytes, as far as the format could find its end.
    pub bytes: Bytes,
    /// Why it could not be read.
    pub reason: String,
}

impl std::error::Error for BadItem {}

impl fmt::Display for BadItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "item {}, at byte {}, cannot be read: {}",
            self.number, self.offset, self.reason
        )
    }
}

impl fmt::Debug for BadItem {
    /// Omits the bytes: they are data and may be long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BadItem")
            .field("number", &self.number)
            .field("offset", &self.offset)
            .field("len", &self.bytes.len())
            .field("reason", &self.reason)
            .finish()
    }
}
