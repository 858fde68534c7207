use std::sync::Arc;

use super::Channels;
use crate::wire::Direction;

/// Marks one end of a channel as open. Dropping it marks the end as done, which frees the channel
/// if the other end is done as well.
pub(in crate::engine) struct Lease {
    channels: Arc<Channels>,
    channel_id: String,
    direction: Direction,
}

impl Lease {
    pub(super) fn new(channels: Arc<Channels>, channel_id: String, direction: Direction) -> Self {
        Self {
            channels,
            channel_id,
            direction,
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.channels.done(&self.channel_id, self.direction);
    }
}
