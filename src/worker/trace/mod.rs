//! Where a span stands in a trace that goes through several processes.
//!
//! What travels is a `traceparent`, with each call. Without the feature `otel` nobody here knows
//! how the spans of this process are called elsewhere, so that what came in goes out again as it
//! was. With it OpenTelemetry knows, if the program has set it up.

#[cfg(feature = "otel")]
mod bridge;
#[cfg(not(feature = "otel"))]
mod plain;

#[cfg(feature = "otel")]
pub(crate) use bridge::{continues, place_of};
#[cfg(not(feature = "otel"))]
pub(crate) use plain::{continues, place_of};
