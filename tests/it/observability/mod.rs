//! Observability: metrics, spans, logs.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]
#![expect(clippy::float_cmp, reason = "what is counted is a whole number")]

mod document;
mod engine;
mod exposition;
mod secrets;
mod spans;
mod traces;
mod worker;
