//! The connection of a worker to its engine: the driver task and what it decides by.

pub(super) mod announcement;
pub(super) mod backoff;
pub(super) mod closed;
pub(super) mod command;
pub(super) mod draining;
pub(super) mod driver;
pub(super) mod greeting;
pub(super) mod keep_alive;
pub(super) mod outbox;
pub(super) mod rejection;
pub(super) mod session;
pub(super) mod state;
