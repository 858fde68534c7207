//! Channels: the table of unfinished channels, and the sessions that connect their ends to sockets.
//!
//! Each channel is a [`pipe`](crate::transport::pipe). A session holds one of its ends, with a
//! [`Lease`] that notifies the table when the end is done. Data never touches the table.

mod channel;
mod channel_refused;
mod ended;
mod heartbeat;
mod leased_end;
mod listing;
mod rate;
mod read_credit;
mod reader_session;
mod refusal;
mod store;
mod sweep;
mod table;
mod totals;
mod writer_session;

pub(super) use channel_refused::ChannelRefused;
pub(super) use ended::Ended;
pub(super) use heartbeat::Heartbeat;
pub(super) use leased_end::Leased;
pub(super) use listing::{ChannelRow, Listing};
pub(super) use reader_session::ReaderSession;
pub(super) use refusal::Refusal;
pub(super) use store::{Channels, Lease, ReaderEnd, WriterEnd};
pub(super) use sweep::sweep;
pub(super) use totals::Totals;
pub(super) use writer_session::WriterSession;
