use std::convert::Infallible;
use std::io;
use std::time::Duration;

use crate::wire::InvalidUrl;

/// Why a connection to an engine could not be made.
///
/// `Display` names what was wrong and what to do about it; `source()` has the rest.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// What was given is not the address of an engine.
    #[error(transparent)]
    InvalidAddress(#[from] InvalidUrl),
    /// Nothing answers at the address.
    #[error(
        "no engine answers at {address}; start one with `pipewright engine`, or check the address"
    )]
    Unreachable {
        /// The engine's address.
        address: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The engine did not finish the handshake in time.
    #[error(
        "the engine at {address} did not answer within {after:?}; it may be overloaded, or something else listens there"
    )]
    Timeout {
        /// The engine's address.
        address: String,
        /// How long was waited.
        after: Duration,
    },
    /// The engine knows no such channel, or the access key is wrong; it does not tell which.
    #[error(
        "the engine at {address} has no channel {channel_id} for this ref; it may have expired, or belong to another engine"
    )]
    ChannelNotFound {
        /// The engine's address.
        address: String,
        /// The channel that was asked for.
        channel_id: String,
    },
    /// This end was opened before; an end opens once.
    #[error(
        "the {role} end of channel {channel_id} was already opened; an end opens once, so create a channel for each stream"
    )]
    AlreadyOpened {
        /// `reader` or `writer`.
        role: &'static str,
        /// The channel that was asked for.
        channel_id: String,
    },
    /// The engine wants credentials that were not given or not right.
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
        /// What the engine said.
        message: String,
    },
    /// The engine took the connection and then ended it before it had greeted the worker.
    #[error(
        "the engine at {address} turned this worker away: {reason}; check the credentials and what the engine logs"
    )]
    TurnedAway {
        /// The engine's address.
        address: String,
        /// What the engine said, or how it ended the connection.
        reason: String,
    },
    /// What answers is not an engine.
    #[error("what answers at {address} does not speak WebSocket: {reason}")]
    NotAnEngine {
        /// The address.
        address: String,
        /// What it did instead.
        reason: String,
    },
    /// The encrypted connection could not be made.
    #[error("no trusted connection to {address}: {reason}")]
    Tls {
        /// The engine's address.
        address: String,
        /// What failed, and what to do.
        reason: String,
    },
    /// A header that HTTP does not allow.
    #[error("the header {name:?} has a name or value that HTTP does not allow")]
    InvalidHeader {
        /// The header's name; values may be secret.
        name: String,
    },
    /// A setting with which no connection would last.
    #[error("the settings of the worker cannot work: {reason}")]
    InvalidSetting {
        /// Which setting, and what to do.
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
    /// Whether the same attempt may succeed later, as it is.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Timeout { .. } => true,
            Self::Rejected { status, .. } => *status == 429 || *status >= 500,
            _ => false,
        }
    }

    /// The nearest kind of `io::Error`; the inverse is not possible.
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
    /// Never happens: an [`Address`](crate::Address) is one already.
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
