//! The control plane: workers, their functions, and the calls between them.
//!
//! A [`Session`] task owns each control connection. Sessions meet in [`Control`], which holds the
//! tables behind one short lock, and in each other's [`Outbox`], where messages wait for the
//! session that will send them.
//!
//! # No deadlock, and what a slow worker costs
//!
//! Each worker has an outbox, bounded in bytes. A session whose message finds the outbox of its
//! target full stops *reading* its own connection, so that back-pressure reaches the worker that
//! sends too much, but for [`PATIENCE`](session) at the most: then the target counts as stalled, and
//! whatever finds no room in its outbox is refused at once, until it has read half of what waits. The
//! caller of such a call gets an error. So a worker that does not read costs others a moment, and
//! itself the messages.
//!
//! A session never stops *writing*: its own outbox goes on draining. Sessions cannot wait in a
//! circle. A worker that takes less than [`Drain`](drain::Drain) asks for, in bytes per time, is
//! disconnected.
//!
//! What the tables keep of a worker counts on its account, see
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
mod turns;
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
