//! Formats by themselves: bytes in, items out.

#![allow(clippy::unwrap_used)]

mod hostile;
mod lines;
mod pieces;
mod round_trip;
mod sample;
mod self_describing;
mod tokio_codec;
