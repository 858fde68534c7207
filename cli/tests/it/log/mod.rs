//! What the program logs on standard error, and the spans that it exports.

#[cfg(feature = "otlp")]
mod export;
mod lines;
