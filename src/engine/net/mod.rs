//! Connections of the engine: listening, accepting, encrypting and closing.

pub(super) mod closing;
pub(super) mod handshake;
pub(super) mod in_process;
pub(super) mod listen;
pub(super) mod pending_connections;
pub(super) mod server;
pub(super) mod telemetry;
#[cfg(feature = "tls")]
pub(super) mod tls;
