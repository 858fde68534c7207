//! The position of spans in traces across processes.
//!
//! A `traceparent` travels with each call. Without the feature `otel`, an incoming one is forwarded
//! unchanged. With it, OpenTelemetry supplies the context of the current span, if the program has
//! set it up.

#[cfg(feature = "otel")]
mod bridge;
#[cfg(not(feature = "otel"))]
mod plain;

#[cfg(feature = "otel")]
pub(crate) use bridge::{continues, place_of};
#[cfg(not(feature = "otel"))]
pub(crate) use plain::{continues, place_of};
