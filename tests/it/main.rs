//! Tests from outside, in one binary; the folders mirror `src`.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod architecture;
mod channel;
mod codec;
mod engine;
mod pipeline;
mod programs;
mod support;
mod test_engine;
mod worker;
