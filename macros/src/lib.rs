//! The procedural macros of [pipewright](https://docs.rs/pipewright); use them through that crate.
