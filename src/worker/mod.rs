//! The control plane of a client: one connection to an engine, functions and calls.

/// A connection to an engine.
#[derive(Clone, Debug)]
pub struct Worker;
