//! Channels of items: items arrive unchanged, or an error says which did not.

mod alone;
mod batches;
mod cancel;
mod compression;
mod cut;
mod foreign;
mod idle;
mod limits;
mod liveness;
mod messages;
mod mismatch;
mod raw;
mod refs;
mod report;
mod round_trip;
mod sink;
mod values;
