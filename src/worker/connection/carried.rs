use tokio::time::Instant;

use crate::transport::{PeerExtensions, Receipts, SentLog};
use crate::wire::Reattach;

/// The calls of a lost connection, made and executed, until the next connection continues them
/// (`docs/protocol.md` section 2.7).
///
/// | state | calls | left by |
/// |---|---|---|
/// | `None` | belong to the connection | the loss of a connection whose engine keeps calls |
/// | `Some`, offline | wait | a connection; the deadline: they are lost |
/// | `Some`, connected | wait, and nothing else is sent | the engine's answer: continued or lost; the loss of the connection; the deadline |
pub(in crate::worker) struct Carried {
    /// When the engine stops keeping them.
    pub(super) until: Instant,
    /// Why the connection was lost.
    pub(super) reason: String,
    /// What was sent on it.
    pub(super) log: SentLog,
    /// Number of messages that were received on it.
    pub(super) received: u64,
}

/// What was sent and received on the current connection, if its engine keeps calls.
#[derive(Default)]
pub(in crate::worker) struct Progress {
    pub(in crate::worker) agreed: PeerExtensions,
    pub(super) log: SentLog,
    pub(super) receipts: Receipts,
    /// The reattachment that the current connection offers, while an older one is being continued.
    pub(super) next_reattach: Option<Reattach>,
}
