//! Tests from outside, in one binary; the folders mirror `src`.

mod channel;
mod engine;
mod support;
