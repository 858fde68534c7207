//! Channels: the table of unfinished channels, and the sessions that connect their ends to sockets.
//!
//! Each channel is a [`pipe`](crate::transport::pipe). A session holds one of its ends, with a
//! [`Lease`] that notifies the table when the end is done. Data never touches the table.

mod beat;
mod channel;
mod ended;
mod ends;
mod lease;
mod leased;
mod listed;
mod no_channel;
mod overdraft;
mod rate;
mod reader_session;
mod refusal;
mod store;
mod sweep;
mod table;
mod totals;
mod writer_session;

pub(super) use beat::Beat;
pub(super) use ended::Ended;
pub(super) use ends::{ReaderEnd, WriterEnd};
pub(super) use lease::Lease;
pub(super) use leased::Leased;
pub(super) use listed::{Listed, Listing};
pub(super) use no_channel::NoChannel;
pub(super) use reader_session::ReaderSession;
pub(super) use refusal::Refusal;
pub(super) use store::Channels;
pub(super) use sweep::sweep;
pub(super) use totals::Totals;
pub(super) use writer_session::WriterSession;
