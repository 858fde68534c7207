//! Formats by themselves: bytes in, items out.

mod hostile;
mod lines;
mod pieces;
mod round_trip;
mod sample;
mod self_describing;
mod tokio_codec;
