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
//! most [`PATIENCE`](session). After that the target counts as stalled, and messages without room
//! in its outbox are refused until it has read half of them; callers get an error. A worker that
//! does not read therefore costs other workers a moment, and itself the messages.
//!
//! A session never stops *writing* its own outbox, so sessions cannot wait in a cycle. A worker
//! that reads fewer bytes per time than [`Drain`](drain::Drain) requires is disconnected.
//!
//! Everything that the tables keep for a worker is charged to its account; see
//! [`Holdings`](crate::engine::holdings::Holdings).

mod about;
mod bounds;
mod builtins;
mod calls;
mod charges;
mod delivery;
mod departure;
mod drain;
mod forward;
mod fresh;
mod function_refused;
mod held;
mod hint;
mod invalid;
mod listings;
mod member;
mod outbox;
mod outcome;
mod overview;
mod page;
mod refusals;
mod registry;
mod session;
mod switchboard;
mod undelivered;

use outbox::Outbox;

pub(super) use calls::CallRefused;
#[cfg(test)]
pub(super) use drain::STALL;
pub(super) use function_refused::FunctionRefused;
pub(super) use outcome::{CallTotals, Outcome};
pub(super) use overview::{FunctionRow, WorkerRow};
pub(super) use session::Session;
pub(super) use switchboard::Control;
