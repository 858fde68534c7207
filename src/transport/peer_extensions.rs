use std::time::Duration;

/// What the peer of a control connection declared in the handshake.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PeerExtensions {
    /// The largest message that it accepts, in bytes.
    pub(crate) message_limit: Option<usize>,
    /// How often it wants to receive a heartbeat.
    pub(crate) ping_every: Option<Duration>,
}
