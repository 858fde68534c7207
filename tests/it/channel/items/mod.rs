//! Channels of items: what is sent arrives as it was, or an error says what did not.

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
