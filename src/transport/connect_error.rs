use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crate::wire::InvalidUrl;

/// The error of a failed connection to an engine.
///
/// `Display` states what was wrong and what to do; `source()` has the details.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The text is not the address of an engine.
    #[error(transparent)]
    InvalidAddress(#[from] InvalidUrl),
    /// Nothing answers at the address.
    #[error(
        "no engine answers at {address}; start one with `pipewright engine`, or check the address"
    )]
    Unreachable {
        /// The engine's address.
        address: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The engine did not finish the handshake in time.
    #[error(
        "the engine at {address} did not answer within {after:?}; it may be overloaded, or another program listens there"
    )]
    Timeout {
        /// The engine's address.
        address: String,
        /// The timeout.
        after: Duration,
    },
    /// The engine does not know the channel, or the access key is wrong; the engine does not say
    /// which.
    #[error(
        "the engine at {address} has no channel {channel_id} for this ref; it may have expired, or belong to another engine"
    )]
    ChannelNotFound {
        /// The engine's address.
        address: String,
        /// The requested channel.
        channel_id: String,
    },
    /// This end was already opened. An end can be opened only once.
    #[error(
        "the {role} end of channel {channel_id} was already opened; an end opens once, so create a channel for each stream"
    )]
    AlreadyOpened {
        /// `reader` or `writer`.
        role: &'static str,
        /// The requested channel.
        channel_id: String,
    },
    /// The engine requires credentials, and they were missing or wrong.
    #[error(
        "the engine at {address} refused the credentials (HTTP {status}); set the bearer token that it was started with"
    )]
    Unauthorized {
        /// The engine's address.
        address: String,
        /// 401 or 403.
        status: u16,
    },
    /// The engine answered the handshake with another HTTP status.
    #[error("the engine at {address} refused the connection with HTTP {status}: {message}")]
    Rejected {
        /// The engine's address.
        address: String,
        /// The HTTP status.
        status: u16,
        /// The engine's answer.
        message: String,
    },
    /// The engine accepted the connection but ended it before its first message to the worker.
    #[error(
        "the engine at {address} rejected this worker: {reason}; check the credentials and the engine's log"
    )]
    TurnedAway {
        /// The engine's address.
        address: String,
        /// The engine's answer, or how it ended the connection.
        reason: String,
    },
    /// The server that answers is not an engine.
    #[error("the server at {address} does not speak WebSocket: {reason}")]
    NotAnEngine {
        /// The address.
        address: String,
        /// What the server did instead.
        reason: String,
    },
    /// The encrypted connection failed.
    #[error("cannot establish a trusted connection to {address}: {reason}")]
    Tls {
        /// The engine's address.
        address: String,
        /// The reason and what to do.
        reason: String,
    },
    /// HTTP does not allow the header.
    #[error("the header {name:?} has a name or value that HTTP does not allow")]
    InvalidHeader {
        /// The header's name. Its value may be secret.
        name: String,
    },
    /// A setting that no connection can satisfy.
    #[error("the settings of the worker cannot work: {reason}")]
    InvalidSetting {
        /// The setting and what to do.
        reason: String,
    },
    /// The ref opens the other end.
    #[error(
        "a {expected} needs a ref with direction {expected_direction:?}; this one has the opposite direction"
    )]
    WrongDirection {
        /// `reader` or `writer`.
        expected: &'static str,
        /// `read` or `write`.
        expected_direction: &'static str,
    },
    /// The engine in this process has stopped.
    #[error("the engine in this process has stopped")]
    Stopped,
}

impl ConnectError {
    /// Whether the same attempt may succeed later without changes.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// The closest kind of `io::Error`. There is no inverse.
    pub(crate) fn io_kind(&self) -> io::ErrorKind {
        match self {
            Self::Unreachable { source, .. } => source.kind(),
            Self::Timeout { .. } => io::ErrorKind::TimedOut,
            Self::ChannelNotFound { .. } => io::ErrorKind::NotFound,
            Self::AlreadyOpened { .. } => io::ErrorKind::AlreadyExists,
            Self::Unauthorized { .. } | Self::Tls { .. } => io::ErrorKind::PermissionDenied,
            Self::InvalidAddress(_)
            | Self::InvalidHeader { .. }
            | Self::InvalidSetting { .. }
            | Self::WrongDirection { .. } => io::ErrorKind::InvalidInput,
            Self::NotAnEngine { .. } => io::ErrorKind::InvalidData,
            Self::Rejected { .. } | Self::TurnedAway { .. } | Self::Stopped => {
                io::ErrorKind::ConnectionRefused
            }
        }
    }
}

impl From<Infallible> for ConnectError {
    /// Cannot happen: converting an [`Address`](crate::Address) cannot fail.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
