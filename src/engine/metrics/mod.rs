//! The engine's counters and their Prometheus metrics.
//!
//! Pipes count the traffic of channels, and the call table counts calls. [`Metrics`] counts the
//! rest, and [`text`] adds everything up on request. No label contains values chosen by a peer,
//! such as ids of functions, workers or channels.

#[expect(clippy::module_inception, reason = "one type, one file")]
mod metrics;
mod reason;
mod text;

pub(super) use metrics::Metrics;
pub(super) use reason::Reason;
pub(super) use text::text;
