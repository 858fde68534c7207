use std::time::Instant;

use serde::Serialize;

use super::channel::Channel;
use super::rate::Measured;

/// The unfinished channels, as listed for clients.
#[derive(Debug, Serialize)]
pub(in crate::engine) struct Listing {
    /// Oldest first.
    pub(in crate::engine) channels: Vec<ChannelRow>,
    /// Number of all channels, listed or not.
    pub(in crate::engine) total: usize,
}

/// The public data of a channel, without keys.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::engine) struct ChannelRow {
    pub(in crate::engine) channel_id: String,
    /// `waiting`, `open` or `done`.
    pub(in crate::engine) writer: &'static str,
    pub(in crate::engine) reader: &'static str,
    pub(in crate::engine) age_ms: u64,
    /// Number of frames that the reader has taken, including messages.
    pub(in crate::engine) frames: u64,
    pub(in crate::engine) bytes: u64,
    pub(in crate::engine) buffered_frames: usize,
    pub(in crate::engine) buffered_bytes: usize,
    /// The capacity of the channel.
    pub(in crate::engine) capacity_frames: usize,
    pub(in crate::engine) capacity_bytes: usize,
    pub(in crate::engine) bytes_per_second: u64,
    /// The period over which the rate was measured.
    pub(in crate::engine) measured_ms: u64,
}

impl ChannelRow {
    /// The fill level, in percent of the bound that is closer; above 100 while overdrawn.
    pub(in crate::engine) fn fill(&self) -> usize {
        let frames = self.buffered_frames * 100 / self.capacity_frames.max(1);
        let bytes = self.buffered_bytes * 100 / self.capacity_bytes.max(1);
        frames.max(bytes)
    }

    /// Whether its writer has to wait or almost. A slow reader leaves the channel nearly full.
    pub(in crate::engine) fn is_full(&self) -> bool {
        self.fill() >= 90
    }

    pub(super) fn new(id: &str, channel: &mut Channel, now: Instant) -> Self {
        let (frames, bytes) = channel.monitor.passed();
        let (buffered_frames, buffered_bytes) = channel.monitor.queued();
        let limits = channel.monitor.limits();
        let Measured {
            bytes_per_second,
            over,
        } = channel.rate.measure(now, bytes);
        let age = now.saturating_duration_since(channel.created);
        let millis =
            |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            channel_id: id.to_owned(),
            writer: channel.writer.word(),
            reader: channel.reader.word(),
            age_ms: millis(age),
            frames,
            bytes,
            buffered_frames,
            buffered_bytes,
            capacity_frames: limits.frames,
            capacity_bytes: limits.bytes,
            bytes_per_second,
            measured_ms: millis(over),
        }
    }
}
