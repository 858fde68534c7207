//! Connected workers: their registrations and quotas.

pub(super) mod announcement;
pub(super) mod charges;
pub(super) mod disconnect;
pub(super) mod drain;
pub(super) mod outbox;
pub(super) mod recent_registrations;
pub(super) mod registry;
