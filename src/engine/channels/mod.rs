//! Channels: the table of unfinished channels, and the sessions that connect their ends to sockets.
//!
//! Each channel is a [`pipe`](crate::transport::pipe). A session holds one of its ends, with a
//! [`Lease`] that notifies the table when the end is done. Data never touches the table.

mod channel;
mod ended;
mod heartbeat;
mod leased_end;
mod listing;
mod rate;
mod read_credit;
mod reader_session;
mod refused;
mod store;
mod table;
mod totals;
mod writer_session;

pub(super) use ended::Ended;
pub(super) use heartbeat::Heartbeat;
pub(super) use leased_end::Leased;
pub(super) use listing::{ChannelRow, Listing};
pub(super) use reader_session::ReaderSession;
pub(super) use refused::{ChannelRefused, Refusal};
pub(super) use store::{Channels, Lease, ReaderEnd, WriterEnd, sweep};
pub(super) use totals::Totals;
pub(super) use writer_session::WriterSession;
