//! Operators on two streams of different types.
//!
//! A [`Pairing`] decides which stream to read and which outputs are due. It does no I/O. [`driver`]
//! drives it, both between fused stages and over channels.

mod both;
mod driver;
mod pairing;
mod serve;
mod within;
mod zip;

pub(crate) use both::Both;
pub use pairing::Pairing;
pub(crate) use serve::{fuse_pair, serve_pair};
pub use within::JoinWithin;
pub(crate) use within::WithinTable;
pub(crate) use zip::Zip;
