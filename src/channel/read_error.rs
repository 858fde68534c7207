use std::io;
use std::sync::Arc;

use crate::transport::ConnectError;
use crate::wire::Abort;

/// Why a stream could not be read to its end.
///
/// One of these is the verdict on every stream that is not complete. It converts into
/// [`io::Error`] for the byte faces of a reader.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The reader could not connect.
    #[error("cannot open the channel for reading")]
    Connect(#[source] Arc<ConnectError>),
    /// The writer gave up and said why.
    #[error("the stream was aborted by its writer: {0}")]
    Aborted(Abort),
    /// The stream broke off: what arrived is a part of what was written.
    #[error("the stream was cut short after {bytes} bytes: {reason}")]
    Truncated {
        /// Payload bytes that arrived.
        bytes: u64,
        /// What happened, in words.
        reason: String,
    },
    /// Totals or checksum differ from what the writer sent.
    #[error("the stream is damaged: {reason}")]
    Corrupt {
        /// What differs.
        reason: String,
    },
    /// The stream is compressed in a way that this build cannot undo.
    #[error("the stream cannot be decompressed: {reason}")]
    Compression {
        /// Which compression it is, and what is missing.
        reason: String,
    },
    /// This end gave the stream up: it is not what its receiver reads.
    #[error("the receiver gave the stream up: {reason}")]
    Refused {
        /// What the receiver found.
        reason: String,
    },
    /// A writer that speaks the stream protocol was promised, and nothing came.
    #[error(
        "nothing was written to the channel before it was closed; the writer's end may have been \
         opened by somebody else, or its worker never started"
    )]
    NeverWritten,
    /// The rest of the stream is longer than the caller of
    /// [`read_all_up_to`](crate::ChannelReader::read_all_up_to) takes. The stream goes on.
    #[error("the rest of the stream is over the limit of {limit} bytes; read it in parts")]
    OverLimit {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The peer broke the rules of the stream protocol.
    #[error("the stream breaks the stream protocol: {reason}")]
    Protocol {
        /// Which rule, and how.
        reason: String,
    },
}

impl ReadError {
    /// What a reader gives after it has closed its own end.
    pub(crate) fn closed_here(bytes: u64) -> Self {
        let reason = "this reader closed its end".to_owned();
        Self::Truncated { bytes, reason }
    }

    /// Whether the writer itself reported the failure.
    pub fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted(_))
    }

    /// Whether data is missing without word from the writer.
    pub fn is_truncated(&self) -> bool {
        matches!(self, Self::Truncated { .. } | Self::NeverWritten)
    }

    /// The writer's own account, if it gave one.
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
    /// A truncated stream is `UnexpectedEof`, an aborted one `ConnectionAborted`, a damaged one
    /// `InvalidData`. The `ReadError` stays inside and can be had by `downcast`.
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
