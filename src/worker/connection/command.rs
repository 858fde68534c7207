use tokio::sync::oneshot;
use uuid::Uuid;

use crate::wire::{ErrorBody, Payload, Text};

/// A request of a handle to the driver.
pub(in crate::worker) enum Command {
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
pub(in crate::worker) struct Call {
    /// Identifies the call between caller and driver, and on the wire unless it is void.
    pub(in crate::worker) id: Uuid,
    pub(in crate::worker) kind: CallKind,
    /// The call in its wire form.
    pub(in crate::worker) frame: Text,
    pub(in crate::worker) reply: oneshot::Sender<Reply>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::worker) enum CallKind {
    /// Answered with the function's result.
    Answered,
    /// Answered as soon as it is sent.
    Void,
}

/// The driver's answer to a caller. A dropped reply means that the worker is closed.
#[derive(Debug)]
pub(in crate::worker) enum Reply {
    Answer(Result<Payload, ErrorBody>),
    /// The call exceeds the engine's message limit and was not sent.
    TooLarge {
        size: usize,
        limit: usize,
    },
    /// The connection was lost after the call was sent.
    Lost(String),
}
