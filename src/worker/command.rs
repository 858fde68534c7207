use tokio::sync::oneshot;
use uuid::Uuid;

use crate::wire::{ErrorBody, Payload, Text};

/// What a handle asks of the driver.
pub(super) enum Command {
    /// Send a call.
    Call(Call),
    /// The caller no longer waits for its call.
    Forget(Uuid),
    /// Send a registration as the registry has it. Only for the present connection: a later one
    /// begins with a replay of the registry.
    Offer(String),
    /// Take a function back.
    Unregister(String),
    /// Let running functions finish, then close.
    Shutdown,
    /// The last handle may have gone.
    HandleGone,
}

/// A call on its way.
pub(super) struct Call {
    /// Names the call between caller and driver, and on the wire unless it is void.
    pub(super) id: Uuid,
    pub(super) kind: CallKind,
    /// The call as it travels.
    pub(super) frame: Text,
    pub(super) reply: oneshot::Sender<Reply>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallKind {
    /// Replied to by the function's result.
    Answered,
    /// Replied to as soon as it is sent.
    Void,
}

/// What the driver tells a caller. A reply that is dropped means that the worker is closed.
#[derive(Debug)]
pub(super) enum Reply {
    Answer(Result<Payload, ErrorBody>),
    /// The call is longer than the engine takes in one message; it was not sent.
    TooLarge {
        size: usize,
        limit: usize,
    },
    /// The connection was lost after the call was sent.
    Lost(String),
}
