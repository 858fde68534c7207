//! The control plane: workers, their functions, and the calls between them.
//!
//! A [`Session`] task owns each control connection. Sessions meet in [`Control`], which holds the
//! tables behind one short lock, and in each other's [`Outbox`], where messages wait for the
//! session that will send them.
//!
//! # No deadlock, and what bounds a slow worker
//!
//! A session whose message finds the outbox of its target full stops *reading* its own connection
//! until there is room, so that back-pressure reaches the worker that causes it. It never stops
//! *writing*: its own outbox goes on draining. Each outbox therefore drains as long as its own peer
//! reads, whoever waits for whom, and sessions cannot wait in a circle. A peer that takes nothing for
//! [`STALL`](session::STALL) while something waits for it is disconnected, which ends the wait of
//! the others; a worker can thus hold others up for that long and no longer.

mod builtins;
mod calls;
mod delivery;
mod departure;
mod forward;
mod fresh;
mod function_refused;
mod held;
mod hint;
mod listings;
mod member;
mod outbox;
mod outcome;
mod overview;
mod refusals;
mod registry;
mod session;
mod switchboard;
mod turns;

use outbox::Outbox;

pub(super) use calls::CallRefused;
pub(super) use function_refused::FunctionRefused;
pub(super) use outbox::OUTBOX_MESSAGES;
pub(super) use outcome::{CallTotals, Outcome};
pub(super) use overview::{FunctionRow, WorkerRow};
#[cfg(test)]
pub(super) use session::STALL;
pub(super) use session::Session;
pub(super) use switchboard::Control;
