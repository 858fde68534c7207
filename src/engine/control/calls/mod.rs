//! Calls between workers: forwarding them and delivering their results.

pub(super) mod delivery;
pub(super) mod forward;
pub(super) mod outcome;
pub(super) mod pending;
pub(super) mod table;
pub(super) mod undelivered;
