use std::io;
use std::sync::Arc;

use crate::transport::ConnectError;
use crate::wire::Abort;

/// The error of reading a stream.
///
/// Every stream that is not complete ends with one of these. It converts to [`io::Error`] for the
/// byte-oriented traits of a reader.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The reader could not connect.
    #[error("cannot open the channel for reading")]
    Connect(#[source] Arc<ConnectError>),
    /// The writer aborted the stream and gave a reason.
    #[error("the stream was aborted by its writer: {0}")]
    Aborted(Abort),
    /// The stream ended early: only a part of what was written arrived.
    #[error("the stream was cut short after {bytes} bytes: {reason}")]
    Truncated {
        /// Number of payload bytes that arrived.
        bytes: u64,
        /// What happened.
        reason: String,
    },
    /// Totals or checksum differ from what the writer sent.
    #[error("the stream is damaged: {reason}")]
    Corrupt {
        /// What differs.
        reason: String,
    },
    /// This build cannot decompress the stream.
    #[error("the stream cannot be decompressed: {reason}")]
    Compression {
        /// The compression and what is missing.
        reason: String,
    },
    /// This end cancelled the stream because its receiver could not use it.
    #[error("the receiver gave the stream up: {reason}")]
    Refused {
        /// What the receiver found.
        reason: String,
    },
    /// A writer that uses the stream protocol was expected, but nothing arrived.
    #[error(
        "nothing was written to the channel before it was closed; the writer's end may have been \
         opened by another program, or its worker never started"
    )]
    NeverWritten,
    /// The rest of the stream exceeds the limit of
    /// [`read_all_up_to`](crate::ChannelReader::read_all_up_to). The stream stays usable.
    #[error("the rest of the stream is over the limit of {limit} bytes; read it in parts")]
    OverLimit {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The peer violated the stream protocol.
    #[error("the stream breaks the stream protocol: {reason}")]
    Protocol {
        /// The violation.
        reason: String,
    },
}

impl ReadError {
    /// The error of a reader that has closed its own end.
    pub(crate) fn closed_here(bytes: u64) -> Self {
        let reason = "this reader closed its end".to_owned();
        Self::Truncated { bytes, reason }
    }

    /// Whether the writer itself reported the failure.
    pub fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted(_))
    }

    /// Whether data is missing and the writer sent no abort.
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::NeverWritten)
    }

    /// The writer's abort, if it sent one.
    pub fn abort(&self) -> Option<&Abort> {
        match self {
            Self::Aborted(abort) => Some(abort),
            _ => None,
        }
    }
}

impl From<ConnectError> for ReadError {
    fn from(error: ConnectError) -> Self {
        Self::Connect(Arc::new(error))
    }
}

impl From<ReadError> for io::Error {
    /// Maps a truncated stream to `UnexpectedEof`, an aborted one to `ConnectionAborted` and a
    /// damaged one to `InvalidData`. The `ReadError` is kept and can be retrieved with `downcast`.
    fn from(error: ReadError) -> Self {
        let kind = match &error {
            ReadError::Connect(error) => error.io_kind(),
            ReadError::Aborted(_) => io::ErrorKind::ConnectionAborted,
            ReadError::Truncated { .. } | ReadError::NeverWritten => io::ErrorKind::UnexpectedEof,
            ReadError::Corrupt { .. } | ReadError::Protocol { .. } | ReadError::Refused { .. } => {
                io::ErrorKind::InvalidData
            }
            ReadError::Compression { .. } => io::ErrorKind::Unsupported,
            ReadError::OverLimit { .. } => io::ErrorKind::FileTooLarge,
        };
        Self::new(kind, error)
    }
}
