//! The roles of the load run.
//!
//! | file | role |
//! |---|---|
//! | `idle` | open and idle ends |
//! | `sources` | streams of random length, one after the other at many places |
//! | `sinks` | functions that read a stream and compare it with what was sent |
//! | `churn` | workers that connect, call each other, stream and leave |
//!
//! In addition, `upload` is one stream into a sink, `sample_data` its content, and `counts` the
//! counts of a role.

pub(super) mod churn;
pub(super) mod idle;
mod sample_data;
pub(super) mod sinks;
pub(super) mod sources;
mod upload;

/// The content of each idle channel at the end.
pub(super) const WORD: &[u8] = b"still here";

/// The function of a sink.
fn sink_id(name: &str) -> String {
    format!("siege::sink::{name}")
}
