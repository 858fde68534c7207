//! The embedded engine: the broker for one machine.
//!
//! It implements the parts of `docs/protocol.md` section 11, the checklist for an engine, that
//! channels and stages need, and tolerates the rest. It depends only on [`wire`](crate::wire) and
//! the transport, so client and engine share only the wire types.
//!
//! ```text
//!   Engine ── Core ─┬─ control/   workers, functions, open calls
//!                   └─ channels/  one pipe per channel, and the state of its ends
//!   server ── http ──┬─ /                  control::Session      one task per socket
//!                    ├─ /otel              telemetry
//!                    ├─ /ws/channels/{id}  channels::ReaderSession, channels::WriterSession
//!                    └─ /healthz, /metrics pages: plain requests, without a WebSocket
//!   in_process ── the same sessions and pipes without sockets
//! ```
//!
//! The tables (`registry`, `calls`, `outbox`, `table`) are synchronous. One task owns each socket.
//! Tasks share only the tables, under locks that are held for a few instructions and never across
//! an await. Queues, triggers, persistence and clustering are deliberately absent: for these,
//! connect the same program to an iii engine.

mod access;
mod behaviour;
mod builder;
mod channels;
mod control;
mod core;
mod dashboard;
#[expect(clippy::module_inception, reason = "one type, one file")]
mod engine;
mod error;
mod http;
mod limits;
mod metrics;
mod net;
mod owners;
mod pages;
mod runs;
mod stats;
mod truncate;
mod worker_quota;

pub use access::Role;
pub use builder::EngineBuilder;
pub use engine::Engine;
pub use error::EngineError;
pub use stats::EngineStats;
