//! The sending end of a channel of items: encoding, batching and flushing.

pub(super) mod coarse_clock;
pub(super) mod encoder;
pub(super) mod error;
pub(super) mod flush_policy;
pub(super) mod flush_timer;
pub(super) mod flusher;
pub(super) mod permit;
#[expect(clippy::module_inception, reason = "one type, one file")]
pub(super) mod sender;
pub(super) mod signals;
pub(super) mod sink;
pub(super) mod wakers;
