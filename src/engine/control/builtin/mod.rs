//! The functions that the engine itself provides.

pub(super) mod functions;
pub(super) mod listings;
pub(super) mod overview;
pub(super) mod page;
