//! Tests from outside, in one binary; the folders mirror `src`.

// A failing test may panic, and items used by a single test are declared inside it.
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
