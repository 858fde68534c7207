//! Formats without channels: items to bytes, and bytes to items.

#![allow(clippy::unwrap_used)]

mod hostile;
mod kept;
mod lines;
pub(crate) mod pieces;
mod round_trip;
pub(crate) mod sample;
mod self_describing;
mod tokio_codec;
mod values;
