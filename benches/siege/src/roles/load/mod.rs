//! Those who make the load.
//!
//! | file | plays |
//! |---|---|
//! | `idle` | ends that are open and wait |
//! | `sources` | streams of random length, one after the other at many places |
//! | `sinks` | functions that read a stream and compare it with what was sent |
//! | `churn` | workers that connect, call one another, stream and leave |
//!
//! Beside them: `upload` is one stream into a sink, `sample_data` what it is made of, `counts` what
//! a role has counted.

pub(super) mod churn;
pub(super) mod idle;
mod sample_data;
pub(super) mod sinks;
pub(super) mod sources;
mod upload;

/// What each idle channel carries in the end.
pub(super) const WORD: &[u8] = b"still here";

/// The function of a sink.
fn sink_id(name: &str) -> String {
    format!("siege::sink::{name}")
}
