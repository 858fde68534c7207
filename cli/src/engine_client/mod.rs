//! The connection of a command to an engine, and what the engine lists.

pub(super) mod connect;
mod item_schema;
pub(super) mod known_functions;
pub(super) mod lists;
pub(super) mod similar;
pub(super) mod token;
