//! Messages of the control socket (`docs/protocol.md` sections 1 and 2).
//!
//! Each message is one JSON object, distinguished by `type`. Decoding is lenient, as
//! `docs/protocol.md` section 11.2 requires: unknown fields and types are ignored, and `null`
//! counts as absent. Payloads stay text ([`Payload`](super::Payload)), so forwarding neither parses
//! nor changes them.

mod error_body;
mod extension;
mod invocation;
mod message;
mod registration;
mod salvage;
mod session;

pub use error_body::ErrorBody;
pub(crate) use extension::{CancelInvocation, EXTENSIONS, EXTENSIONS_VERSION, FunctionActive};
pub(crate) use invocation::{CALLER, InvocationResult, InvokeFunction, action};
pub(crate) use message::{ControlMessage, is_part_of_call};
pub(crate) use registration::{
    RegisterFunction, RegisterTrigger, TriggerRegistrationResult, UnregisterFunction,
};
pub(crate) use salvage::salvage;
pub(crate) use session::{Reattach, Reattached, Received, RegistrationRejected, WorkerRegistered};

/// Ids of the functions that an engine provides.
pub(crate) mod builtin {
    /// Announces a worker (`docs/protocol.md` section 1.3).
    pub(crate) const WORKERS_REGISTER: &str = "engine::workers::register";
    /// Creates a channel (`docs/protocol.md` section 3).
    pub(crate) const CHANNELS_CREATE: &str = "engine::channels::create";
    /// Lists the unfinished channels. Only the embedded engine has it: see
    /// `docs/engine-functions.md`.
    pub(crate) const CHANNELS_LIST: &str = "engine::channels::list";
    /// Lists the registered functions (`docs/protocol.md` section 7).
    pub(crate) const FUNCTIONS_LIST: &str = "engine::functions::list";
    /// Lists the connected workers (`docs/protocol.md` section 7).
    pub(crate) const WORKERS_LIST: &str = "engine::workers::list";
    /// Lists runs and errors. Only the embedded engine has it.
    pub(crate) const RUNS_LIST: &str = "engine::runs::list";
    /// The prefix of all these ids.
    pub(crate) const PREFIX: &str = "engine::";
}
