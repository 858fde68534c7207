//! Logs on standard error, and exported spans.

#[cfg(feature = "otlp")]
mod export;
mod lines;
