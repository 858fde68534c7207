use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::ReadError;
use super::error_chain::error_chain;
use crate::transport::{ConnectError, TransportError};
use crate::wire::Close;

/// Why a writer cannot go on.
///
/// Every later operation gives the same error again. It converts into [`io::Error`] for the byte
/// faces of a writer.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The writer could not connect.
    #[error("cannot open the channel for writing")]
    Connect(#[source] Arc<ConnectError>),
    /// The reader dropped or closed its end before the stream was over.
    #[error("broken pipe: the reader of the channel went away before the end")]
    ReaderGone,
    /// The engine ended the channel.
    #[error("the engine ended the channel: {reason}")]
    Ended {
        /// What the engine said.
        reason: String,
    },
    /// The connection to the engine broke. The reader sees a truncated stream.
    #[error(
        "the connection of the writer was lost; the reader went away, or the engine did, and what \
         was not read by then is gone"
    )]
    Lost(#[source] Arc<io::Error>),
    /// The peer broke the rules of the transport.
    #[error("the engine broke the WebSocket protocol: {reason}")]
    Protocol {
        /// Which rule, and how.
        reason: String,
    },
    /// The writer was closed or aborted before.
    #[error("the writer was closed before; a channel carries one stream, create another for more")]
    Closed,
    /// Everything was handed over, but the engine did not confirm the close in time.
    #[error(
        "the engine did not confirm the close within {after:?}; the data was sent, whether it \
         arrived is not known"
    )]
    CloseTimeout {
        /// How long was waited.
        after: Duration,
    },
    /// The compression of the stream that was asked for cannot be done.
    #[error("the stream cannot be compressed: {reason}")]
    Compression {
        /// Why.
        reason: String,
    },
    /// The header with the user's metadata is longer than an engine takes. Nothing of the stream
    /// is sent; its reader is told by an abort.
    #[error(
        "the header with its metadata has {size} bytes, over the limit of {limit} bytes; send long \
         metadata as data"
    )]
    MetadataTooLong {
        /// Length of the header in bytes.
        size: usize,
        /// The longest that is sent, in bytes.
        limit: usize,
    },
    /// A message of the user that readers would take for one of the stream protocol.
    #[error("the message has a member `pipewright`, which the stream protocol keeps for itself")]
    ReservedMessage,
    /// A message longer than an engine takes.
    #[error("the message of {size} bytes is over the limit of {limit} bytes; send it as data")]
    MessageTooLong {
        /// Length of the message in bytes.
        size: usize,
        /// The longest that is sent, in bytes.
        limit: usize,
    },
}

impl WriteError {
    /// Whether the reader ended the stream from its side.
    pub fn is_reader_gone(&self) -> bool {
        matches!(self, Self::ReaderGone)
    }

    /// The verdict on a stream of `bytes` bytes whose writer failed like this.
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

    /// What a close by the engine means to a writer.
    pub(crate) fn from_close(close: &Close) -> Self {
        if *close == Close::READER_GONE {
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
    /// A reader that went away is `BrokenPipe`. The `WriteError` stays inside and can be had by
    /// `downcast`.
    fn from(error: WriteError) -> Self {
        let kind = match &error {
            WriteError::Connect(error) => error.io_kind(),
            WriteError::ReaderGone | WriteError::Lost(_) | WriteError::Closed => {
                io::ErrorKind::BrokenPipe
            }
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
