use serde::{Deserialize, Serialize};

/// The engine's first message on a control socket (`docs/protocol.md` section 1.2).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkerRegistered {
    pub(crate) worker_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reattach_token: Option<String>,
    /// The version of pipewright's extensions that the engine supports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) pipewright: Option<u32>,
}

/// A worker's first message after a reconnect: it replaces the worker's old connection
/// (`docs/protocol.md` section 2.5).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(crate) struct Reattach {
    pub(crate) previous_worker_id: String,
    pub(crate) reattach_token: String,
    /// Number of messages that the worker received on the old connection, if it asks to continue its
    /// calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) received: Option<u64>,
}

/// The engine's answer to a [`Reattach`] that asks to continue the calls of the old connection
/// (`docs/protocol.md` section 2.7).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Reattached {
    /// Number of messages that the engine received on the old connection; absent if the calls have
    /// ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) received: Option<u64>,
}

/// The sender of this message has received `count` messages on this connection
/// (`docs/protocol.md` section 2.7).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Received {
    pub(crate) count: u64,
}

/// The engine refuses a worker or one of its functions (`docs/protocol.md` section 1.3).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegistrationRejected {
    pub(crate) code: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) worker_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) function_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner_worker_id: Option<String>,
    /// The owner's name. Only the embedded engine sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner_worker_name: Option<String>,
    /// The actual reason, if it is not a conflict with another worker. Only the embedded engine
    /// sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    /// A description for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<String>,
}

impl RegistrationRejected {
    /// A function was not registered; the worker continues. This is the only code that the
    /// published SDKs do not treat as fatal, so every rejected function has it.
    pub(crate) const FUNCTION_CONFLICT: &'static str = "FUNCTION_NAMESPACE_CONFLICT";
    /// The owner of an id that is reserved by the engine. The SDKs ignore a rejection without an
    /// owner.
    #[cfg(feature = "engine")]
    pub(crate) const OWNED_BY_ENGINE: &'static str = "engine";

    /// Reason: the registration is longer than the engine accepts.
    pub(crate) const TOO_LONG: &'static str = "TOO_LONG";
    /// Reason: the worker's token may not register the function.
    pub(crate) const FORBIDDEN: &'static str = "FORBIDDEN";
    /// Reason: the worker has already registered as many functions as the engine allows.
    pub(crate) const TOO_MANY_FUNCTIONS: &'static str = "TOO_MANY_FUNCTIONS";
    /// Reason: the id is reserved by the engine.
    pub(crate) const RESERVED: &'static str = "RESERVED";
    /// Reason: the registration is not valid JSON.
    #[cfg(feature = "engine")]
    pub(crate) const INVALID: &'static str = "INVALID";
}
