//! What the engine counts, and what it says of it to Prometheus.
//!
//! What passes through channels is counted by their pipes and calls by their table, which have to
//! know anyway; [`Metrics`] counts the rest, and [`text`] adds everything up when somebody asks.
//! No label has values that a peer chooses: ids of functions, workers and channels are in none.

#[expect(clippy::module_inception, reason = "one type, one file")]
mod metrics;
mod reason;
mod text;

pub(super) use metrics::Metrics;
pub(super) use reason::Reason;
pub(super) use text::text;
