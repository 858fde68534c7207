//! The control plane of a client: one connection to an engine, functions and calls.
//!
//! A [`Worker`] is a cheap handle. One task, the driver, owns the control socket. It announces the
//! worker, sends registrations and calls, delivers answers to waiting callers, and starts a task
//! for every function that the engine calls. Its decisions are made by tables without sockets or
//! clocks, with unit tests next to their code:
//!
//! | table | contents |
//! |---|---|
//! | `registry` | the functions of this worker, and what to replay after a reconnect |
//! | `outbox` | messages to be sent, in order |
//! | `calls` | calls that were sent and await their answers |
//! | `backoff` | when to try again |
//! | `running` | running functions, and their cancellation tokens |
//! | `draining` | a shutdown: what is still served, and until when |
//! | `registration_retry` | when to offer functions again that belong to another worker |
//!
//! A call takes one hop from its caller to the driver. The caller enforces the deadline, so the
//! driver needs no timer for each call.

mod builder;
mod calls;
mod channels;
mod connection;
mod counters;
mod functions;
mod metrics;
mod resources;
mod serve;
mod shared;
mod shutdown_error;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
#[expect(clippy::module_inception, reason = "one type, one file")]
mod worker;

pub use builder::WorkerBuilder;
pub use calls::error::CallError;
pub use calls::trigger::Trigger;
pub use connection::backoff::Backoff;
pub use connection::closed::Closed;
pub use connection::rejection::Rejection;
pub use connection::state::ConnectionState;
pub use functions::builder::FunctionBuilder;
pub use functions::error::FunctionError;
pub use functions::handler::Handler;
pub use functions::invocation::Invocation;
pub use functions::output::FunctionOutput;
pub use functions::register_error::RegisterError;
pub use functions::registered::Registered;
pub use functions::registration::{Registration, RegistrationExt};
pub use metrics::{StreamMetrics, WorkerMetrics};
pub(crate) use resources::Resources;
pub use resources::{Resource, ResourceType};
pub use serve::ServeError;
pub use shutdown_error::ShutdownError;
pub use worker::Worker;

/// Maximum length of a message on a control socket: 64 MiB (`docs/protocol.md` section 1.5).
const MAX_MESSAGE: usize = 64 << 20;
