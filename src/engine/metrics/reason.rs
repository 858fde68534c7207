use crate::engine::channels::{ChannelRefused, Refusal};
use crate::engine::control::{CallRefused, FunctionRefused};
use crate::wire::Kind;

/// Why the engine refused a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Reason {
    /// The request is invalid or not supported.
    Request,
    /// The connection limit is reached.
    Connections,
    /// Too many connections have sent nothing yet.
    PendingConnections,
    /// A page of another origin sent the request, and no token is required.
    Origin,
    /// The token is missing or unknown.
    Token,
    /// The token does not allow the request.
    Role,
    /// The channel does not exist, or the key is wrong.
    ChannelNotFound,
    /// The end was already opened.
    ChannelTaken,
    /// The channel limit of the engine or of one worker is reached.
    Channels,
    /// No channel can be created because too many bytes are held for slow readers.
    HeldBytes,
    /// No worker has the called function.
    FunctionNotFound,
    /// Another worker has the function id.
    FunctionTaken,
    /// The function limit of one worker is reached.
    Functions,
    /// The call limit of one worker is reached.
    Calls,
    /// A message exceeds its receiver's limit, or a registration is too long.
    TooLong,
    /// The receiver reads too slowly.
    Overloaded,
}

impl Kind for Reason {
    const ALL: &'static [Self] = &[
        Self::Request,
        Self::Connections,
        Self::PendingConnections,
        Self::Origin,
        Self::Token,
        Self::Role,
        Self::ChannelNotFound,
        Self::ChannelTaken,
        Self::Channels,
        Self::HeldBytes,
        Self::FunctionNotFound,
        Self::FunctionTaken,
        Self::Functions,
        Self::Calls,
        Self::TooLong,
        Self::Overloaded,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Connections => "connections",
            Self::PendingConnections => "newcomers",
            Self::Origin => "origin",
            Self::Token => "token",
            Self::Role => "role",
            Self::ChannelNotFound => "channel_not_found",
            Self::ChannelTaken => "channel_taken",
            Self::Channels => "channels",
            Self::HeldBytes => "held_bytes",
            Self::FunctionNotFound => "function_not_found",
            Self::FunctionTaken => "function_taken",
            Self::Functions => "functions",
            Self::Calls => "calls",
            Self::TooLong => "too_long",
            Self::Overloaded => "overloaded",
        }
    }
}

impl From<&Refusal> for Reason {
    fn from(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::NotFound => Self::ChannelNotFound,
            Refusal::Taken => Self::ChannelTaken,
        }
    }
}

impl From<ChannelRefused> for Reason {
    fn from(refused: ChannelRefused) -> Self {
        match refused {
            ChannelRefused::Channels(_)
            | ChannelRefused::Reserved { .. }
            | ChannelRefused::OfWorker(_) => Self::Channels,
            ChannelRefused::Held { .. } => Self::HeldBytes,
        }
    }
}

impl From<CallRefused> for Reason {
    fn from(refused: CallRefused) -> Self {
        match refused {
            CallRefused::Duplicate => Self::Request,
            CallRefused::TooMany(_) | CallRefused::QuotaExceeded(_) => Self::Calls,
        }
    }
}

impl From<&FunctionRefused> for Reason {
    fn from(refused: &FunctionRefused) -> Self {
        match refused {
            FunctionRefused::Conflict { .. } => Self::FunctionTaken,
            FunctionRefused::Forbidden { .. } => Self::Role,
            FunctionRefused::Reserved { .. } | FunctionRefused::Invalid { .. } => Self::Request,
            FunctionRefused::TooMany { .. } => Self::Functions,
            FunctionRefused::TooLong { .. } => Self::TooLong,
        }
    }
}
