//! Tests from outside, in one binary; the folders mirror `src`.

// A test that fails may panic.
#![allow(clippy::unwrap_used)]

mod architecture;
mod channel;
mod codec;
mod engine;
mod pipeline;
mod programs;
mod stage;
mod support;
mod test_engine;
mod worker;
