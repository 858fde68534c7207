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
//! | `reoffer` | when to offer functions again that another worker has |
//!
//! A call takes one hop from its caller to the driver. The caller enforces the deadline, so the
//! driver needs no timer for each call.

mod announcement;
mod backoff;
mod builder;
mod call_error;
mod called;
mod calls;
mod channels;
mod closed;
mod command;
mod counters;
mod draining;
mod driver;
mod execute;
mod function;
mod function_error;
mod function_output;
mod greeting;
mod handler;
mod invocation;
mod metrics;
mod outbox;
mod register_error;
mod registered;
mod registration;
mod registry;
mod rejection;
mod reoffer;
mod running;
mod serve;
mod session;
mod shared;
mod shutdown_error;
mod state;
#[cfg(test)]
mod tests;
pub(crate) mod trace;
mod trigger;
mod upkeep;
#[expect(clippy::module_inception, reason = "one type, one file")]
mod worker;

pub use backoff::Backoff;
pub use builder::WorkerBuilder;
pub use call_error::CallError;
pub use closed::Closed;
pub use function::FunctionBuilder;
pub use function_error::FunctionError;
pub use function_output::FunctionOutput;
pub use handler::Handler;
pub use invocation::Invocation;
pub use metrics::{StreamMetrics, WorkerMetrics};
pub use register_error::RegisterError;
pub use registered::Registered;
pub use registration::{Registration, RegistrationExt};
pub use rejection::Rejection;
pub use serve::ServeError;
pub use shutdown_error::ShutdownError;
pub use state::ConnectionState;
pub use trigger::Trigger;
pub use worker::Worker;

/// Maximum length of a message on a control socket: 64 MiB (`docs/protocol.md` section 1.5).
const MAX_MESSAGE: usize = 64 << 20;
