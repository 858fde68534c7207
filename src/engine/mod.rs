//! The embedded engine: the other end of the wire, for one machine.

/// A running engine.
#[derive(Debug)]
pub struct Engine;
/// Settings of an engine.
#[derive(Debug)]
pub struct EngineBuilder;
