//! Tests from outside, in one binary; the folders mirror `src`.

// A test that fails may panic, and what it alone needs stands where it is needed.
#![allow(clippy::unwrap_used, clippy::items_after_statements)]

mod architecture;
mod channel;
mod codec;
mod engine;
mod faults;
mod observability;
mod pipeline;
mod programs;
mod protocol;
mod stage;
mod support;
mod test_engine;
mod worker;
