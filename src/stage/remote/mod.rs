//! Stages on other workers: registering, triggering and cancelling them.

pub(super) mod cancel;
pub(super) mod registration;
pub(super) mod remote_stage;
pub(super) mod request;
