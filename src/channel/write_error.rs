use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::ReadError;
use super::error_chain::error_chain;
use crate::transport::{ConnectError, TransportError};
use crate::wire::Close;

/// The error of a writer.
///
/// Every later operation returns the same error. It converts to [`io::Error`] for the byte-oriented
/// traits of a writer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The writer could not connect.
    #[error("cannot open the channel for writing")]
    Connect(#[source] Arc<ConnectError>),
    /// The reader was dropped or closed before the end of the stream.
    #[error("broken pipe: the reader of the channel went away before the end")]
    ReaderGone,
    /// The reader cancelled the stream with a reason.
    #[error("broken pipe: the reader of the channel cancelled it: {reason}")]
    ReaderCancelled {
        /// The reason of the reader, at most 97 bytes.
        reason: String,
    },
    /// The engine ended the channel.
    #[error("the engine ended the channel: {reason}")]
    Ended {
        /// The engine's reason.
        reason: String,
    },
    /// The connection to the engine broke. The reader sees a truncated stream.
    #[error(
        "the connection of the writer was lost because the reader or the engine went away; data that \
         was not read by then is lost"
    )]
    Lost(#[source] Arc<io::Error>),
    /// The peer violated the transport protocol.
    #[error("the engine broke the WebSocket protocol: {reason}")]
    Protocol {
        /// The violation.
        reason: String,
    },
    /// The writer was already closed or aborted.
    #[error("the writer was closed before; a channel carries one stream, create another for more")]
    Closed,
    /// Everything was sent, but the engine did not confirm the close in time.
    #[error(
        "the engine did not confirm the close within {after:?}; the data was sent, but it \
         may not have arrived"
    )]
    CloseTimeout {
        /// The timeout.
        after: Duration,
    },
    /// The requested compression failed or is not available.
    #[error("the stream cannot be compressed: {reason}")]
    Compression {
        /// The reason.
        reason: String,
    },
    /// The header with the user's metadata exceeds the limit of engines. Nothing of the stream is
    /// sent; the reader gets an abort.
    #[error(
        "the header with its metadata has {size} bytes, over the limit of {limit} bytes; send long \
         metadata as data"
    )]
    MetadataTooLong {
        /// Length of the header in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
    /// A user message that readers would mistake for one of the stream protocol.
    #[error("the message has a member `pipewright`, which the stream protocol reserves")]
    ReservedMessage,
    /// A message exceeds the limit of engines.
    #[error("the message of {size} bytes is over the limit of {limit} bytes; send it as data")]
    MessageTooLong {
        /// Length of the message in bytes.
        size: usize,
        /// The limit, in bytes.
        limit: usize,
    },
}

impl WriteError {
    /// Whether the reader ended the stream, with or without a reason.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::ReaderGone | Self::ReaderCancelled { .. })
    }

    /// The reason of a reader that cancelled the stream.
    pub fn cancel_reason(&self) -> Option<&str> {
        match self {
            Self::ReaderCancelled { reason } => Some(reason),
            _ => None,
        }
    }

    /// The verdict on a stream of `bytes` bytes whose writer failed with this error.
    pub(crate) fn as_verdict(&self, bytes: u64) -> ReadError {
        match self {
            Self::Connect(error) => ReadError::Connect(Arc::clone(error)),
            Self::Protocol { reason } => ReadError::Protocol {
                reason: reason.clone(),
            },
            error => ReadError::Truncated {
                bytes,
                reason: error_chain(error),
            },
        }
    }

    /// The meaning of the engine's close for a writer.
    pub(crate) fn from_close(close: &Close) -> Self {
        if let Some(reason) = close.cancelled() {
            Self::ReaderCancelled {
                reason: reason.to_owned(),
            }
        } else if close.is_reader_gone() {
            Self::ReaderGone
        } else {
            Self::Ended {
                reason: close.to_string(),
            }
        }
    }
}

impl From<ConnectError> for WriteError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(Arc::new(error))
    }
}

impl From<TransportError> for WriteError {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::Lost(error) => Self::Lost(Arc::new(error)),
            TransportError::Closed(close) => Self::from_close(&close),
            error @ TransportError::TooLarge { .. } => Self::Protocol {
                reason: error.to_string(),
            },
            TransportError::Protocol(reason) => Self::Protocol { reason },
        }
    }
}

impl From<WriteError> for io::Error {
    /// Maps a closed reader to `BrokenPipe`. The `WriteError` is kept and can be retrieved with
    /// `downcast`.
    fn from(error: WriteError) -> Self {
        let kind = match &error {
            WriteError::Connect(error) => error.io_kind(),
            WriteError::ReaderGone
            | WriteError::ReaderCancelled { .. }
            | WriteError::Lost(_)
            | WriteError::Closed => io::ErrorKind::BrokenPipe,
            WriteError::Ended { .. } => io::ErrorKind::ConnectionAborted,
            WriteError::Protocol { .. } => io::ErrorKind::InvalidData,
            WriteError::Compression { .. } => io::ErrorKind::Unsupported,
            WriteError::CloseTimeout { .. } => io::ErrorKind::TimedOut,
            WriteError::ReservedMessage
            | WriteError::MessageTooLong { .. }
            | WriteError::MetadataTooLong { .. } => io::ErrorKind::InvalidInput,
        };
        Self::new(kind, error)
    }
}
