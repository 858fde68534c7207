use crate::engine::control::workers::registry::WorkerId;
use crate::wire::AccessKey;

/// An older connection of a worker whose calls continue on its newer one.
pub(super) struct Claim {
    pub(super) old: WorkerId,
    pub(super) token: AccessKey,
    /// Number of messages that the worker received on the older connection.
    pub(super) received: u64,
}
