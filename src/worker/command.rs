use tokio::sync::oneshot;
use uuid::Uuid;

use crate::wire::{ErrorBody, Payload, Text};

/// A request of a handle to the driver.
pub(super) enum Command {
    /// Send a call.
    Call(Call),
    /// The caller no longer waits for its call.
    Forget(Uuid),
    /// Send a registration from the registry, over the current connection only: a later connection
    /// starts with a replay of the registry.
    Offer(String),
    /// Unregister a function.
    Unregister(String),
    /// Let running functions finish, then close.
    Shutdown,
    /// The last handle may have been dropped.
    HandleGone,
}

/// A call to be sent.
pub(super) struct Call {
    /// Identifies the call between caller and driver, and on the wire unless it is void.
    pub(super) id: Uuid,
    pub(super) kind: CallKind,
    /// The call as it is sent.
    pub(super) frame: Text,
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallKind {
    /// Answered with the function's result.
    Answered,
    /// Answered as soon as it is sent.
    Void,
}

/// The driver's answer to a caller. A dropped reply means that the worker is closed.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Result<Payload, ErrorBody>),
    /// The call exceeds the engine's message limit and was not sent.
    TooLarge {
        size: usize,
        limit: usize,
    },
    /// The connection was lost after the call was sent.
    Lost(String),
}
