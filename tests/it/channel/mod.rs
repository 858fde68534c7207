//! Channels, through a real engine and within the process.

mod items;
mod transfer;
