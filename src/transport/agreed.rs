use std::time::Duration;

/// What the peer of a control connection has said of itself in the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// Bytes in one message that it takes.
    pub(crate) message_limit: Option<usize>,
    /// How often it wants a sign of life.
    pub(crate) ping_every: Option<Duration>,
}
