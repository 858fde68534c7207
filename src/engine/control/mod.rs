//! The control plane: workers, their functions, and the calls between them.
//!
//! A [`Session`] task owns each control connection. Sessions share [`Control`], which holds the
//! tables behind one short lock. They also push into each other's [`Outbox`], where messages wait
//! for the session that sends them.
//!
//! # Slow workers and deadlocks
//!
//! Each worker has an outbox, bounded in bytes. If the outbox of its target is full, a session
//! stops *reading* its own connection, so that backpressure reaches the sending worker. It waits at
//! most [`OUTBOX_TIMEOUT`](session). After that the target counts as stalled, and messages without
//! room in its outbox are refused until it has read half of them; callers get an error. A worker
//! that does not read therefore delays other workers only briefly, and loses only messages
//! addressed to it.
//!
//! A session never stops *writing* the messages in its own outbox, so sessions cannot wait in a
//! cycle. A worker that reads more slowly than [`Drain`](workers::drain::Drain) requires is
//! disconnected.
//!
//! Everything that the tables keep for a worker is charged to its account; see
//! [`WorkerQuota`](crate::engine::worker_quota::WorkerQuota).

mod builtin;
mod calls;
mod control_plane;
mod member;
mod session;
mod sweep;
mod validation;
mod workers;

use workers::outbox::Outbox;

pub(super) use builtin::overview::{FunctionRow, WorkerRow};
pub(super) use calls::outcome::{CallTotals, Outcome};
pub(super) use calls::table::CallRefused;
pub(super) use control_plane::Control;
pub(super) use session::Session;
pub(super) use sweep::sweep;
pub(super) use validation::function_refused::FunctionRefused;
#[cfg(test)]
pub(super) use workers::drain::STALL;
