//! The messages of the control socket (`docs/protocol.md` sections 1 and 2).
//!
//! One JSON object a message, discriminated by `type`. A message is decoded leniently, as
//! `docs/protocol.md` section 11.2 asks: fields and types that are not known are ignored, `null` counts as
//! absent. Payloads inside stay text ([`Payload`](super::Payload)), so nothing that is only
//! forwarded is parsed or changed.

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
pub(crate) use message::ControlMessage;
pub(crate) use registration::{
    RegisterFunction, RegisterTrigger, TriggerRegistrationResult, UnregisterFunction,
};
pub(crate) use salvage::salvage;
pub(crate) use session::{Reattach, RegistrationRejected, WorkerRegistered};

/// Ids of the functions that an engine itself provides.
pub(crate) mod builtin {
    /// What a worker announces itself with (`docs/protocol.md` section 1.3).
    pub(crate) const WORKERS_REGISTER: &str = "engine::workers::register";
    /// Makes a channel (`docs/protocol.md` section 3).
    pub(crate) const CHANNELS_CREATE: &str = "engine::channels::create";
    /// Lists the channels that are not finished. Ours alone: see `docs/engine-functions.md`.
    pub(crate) const CHANNELS_LIST: &str = "engine::channels::list";
    /// Lists the registered functions (`docs/protocol.md` section 7).
    pub(crate) const FUNCTIONS_LIST: &str = "engine::functions::list";
    /// Lists the connected workers (`docs/protocol.md` section 7).
    pub(crate) const WORKERS_LIST: &str = "engine::workers::list";
    /// Lists runs and errors. Ours alone, too.
    pub(crate) const RUNS_LIST: &str = "engine::runs::list";
    /// What every id of this kind begins with.
    pub(crate) const PREFIX: &str = "engine::";
}
