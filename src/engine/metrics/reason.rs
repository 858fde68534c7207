use crate::engine::channels::{NoChannel, Refusal};
use crate::engine::control::{CallRefused, FunctionRefused};
use crate::wire::Kind;

/// Why the engine did not do what somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Reason {
    /// What was asked for cannot be understood, or is not served here.
    Request,
    /// More connections than the engine takes.
    Connections,
    /// To wait longer, by a connection that has said nothing among too many of them.
    Newcomers,
    /// A page from elsewhere, where no token is needed.
    Origin,
    /// No token, or one that opens nothing.
    Token,
    /// A token that allows something else.
    Role,
    /// A channel that is not there, or not with this key.
    ChannelNotFound,
    /// An end that was opened before.
    ChannelTaken,
    /// More unfinished channels than the engine, or one worker, may have.
    Channels,
    /// A channel more while too much is held for slow readers.
    HeldBytes,
    /// A call of a function that nobody has.
    FunctionNotFound,
    /// A function whose id another worker has.
    FunctionTaken,
    /// More functions than one worker may have.
    Functions,
    /// More calls than one worker may have open.
    Calls,
    /// A message that its receiver does not take, or a registration that is too long.
    TooLong,
    /// A message for a worker that reads too slowly.
    Overloaded,
}

impl Kind for Reason {
    const ALL: &'static [Self] = &[
        Self::Request,
        Self::Connections,
        Self::Newcomers,
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
            Self::Newcomers => "newcomers",
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

impl From<NoChannel> for Reason {
    fn from(refused: NoChannel) -> Self {
        match refused {
            NoChannel::Channels(_) | NoChannel::Reserved { .. } | NoChannel::OfWorker(_) => {
                Self::Channels
            }
            NoChannel::Held { .. } => Self::HeldBytes,
        }
    }
}

impl From<CallRefused> for Reason {
    fn from(refused: CallRefused) -> Self {
        match refused {
            CallRefused::Duplicate => Self::Request,
            CallRefused::TooMany(_) | CallRefused::NoRoom(_) => Self::Calls,
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
