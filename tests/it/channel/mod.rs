//! Channels, over a real engine and within the process.

mod bad_input;
mod cancellation;
mod ends;
mod faces;
mod interleaved;
mod items;
mod lost_writer;
mod pressure;
mod tls;
mod traits;
mod transfer;
mod verdicts;
