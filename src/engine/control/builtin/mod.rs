//! The functions that the engine itself provides.

mod function_list;
pub(super) mod functions;
pub(super) mod listings;
pub(super) mod overview;
pub(super) mod page;
mod payload;
mod worker_list;
