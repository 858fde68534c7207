//! The embedded engine: the other end of the wire, for one machine.
//!
//! It serves what channels and stages need of `docs/protocol.md` section 11, the checklist for an
//! engine, and tolerates the rest politely. It sees [`wire`](crate::wire) and the socket floor only, so
//! that client and engine can agree through nothing but the wire types.
//!
//! ```text
//!   Engine ── Core ─┬─ control/   who is connected, who has which function, which calls are open
//!                   └─ channels/  one pipe a channel, and who has opened its ends
//!   server ── http ──┬─ /                  control::Session      one task a socket
//!                    ├─ /otel              telemetry
//!                    ├─ /ws/channels/{id}  channels::ReaderSession, channels::WriterSession
//!                    └─ /healthz, /metrics pages: plain requests, without a WebSocket
//!   in_process ── the same sessions and pipes without sockets
//! ```
//!
//! Tables (`registry`, `calls`, `outbox`, `table`) are plain and synchronous. One task owns each
//! socket; tasks meet only in the tables, under locks that are held for a few instructions and
//! never across an await. What is deliberately absent: queues, triggers, persistence, more than
//! one machine. Users who need them point the same program at an iii engine.

mod access;
mod behaviour;
mod builder;
mod channels;
mod control;
mod core;
mod cut;
mod dashboard;
#[expect(clippy::module_inception, reason = "one type, one file")]
mod engine;
mod error;
mod farewell;
mod holdings;
mod http;
mod in_process;
mod limits;
mod listen;
mod metrics;
mod newcomers;
mod owners;
mod pages;
mod runs;
mod server;
mod stats;
mod telemetry;
mod terms;
#[cfg(feature = "tls")]
mod tls;

pub use access::Role;
pub use builder::EngineBuilder;
pub use engine::Engine;
pub use error::EngineError;
pub use stats::EngineStats;
