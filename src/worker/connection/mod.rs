//! The connection of a worker to its engine: the driver task and its tables.

pub(super) mod announcement;
pub(super) mod backoff;
pub(super) mod barrier;
mod carried;
pub(super) mod closed;
pub(super) mod command;
mod continuing;
pub(super) mod draining;
pub(super) mod driver;
pub(super) mod ended;
pub(super) mod greeting;
pub(super) mod outbox;
pub(super) mod rejection;
pub(super) mod scheduled_work;
pub(super) mod session;
pub(super) mod state;
