//! Tests from outside, in one binary; the folders mirror `src`.

mod architecture;
mod channel;
mod engine;
mod programs;
mod support;
mod worker;
