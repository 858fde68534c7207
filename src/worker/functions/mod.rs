//! The functions of a worker: registering and executing them.

pub(super) mod builder;
pub(super) mod error;
pub(super) mod execute;
pub(super) mod frame;
pub(super) mod handler;
pub(super) mod invocation;
pub(super) mod output;
pub(super) mod register_error;
pub(super) mod registered;
pub(super) mod registration;
pub(super) mod registration_retry;
pub(super) mod registry;
pub(super) mod running;
