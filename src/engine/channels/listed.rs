use std::time::Instant;

use serde::Serialize;

use super::channel::Channel;
use super::rate::Measured;

/// The unfinished channels, as others may see them.
#[derive(Debug, Serialize)]
pub(in crate::engine) struct Listing {
    /// The oldest first.
    pub(in crate::engine) channels: Vec<Listed>,
    /// How many there are, listed or not.
    pub(in crate::engine) total: usize,
}

/// What others may know of a channel: never a key.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(in crate::engine) struct Listed {
    channel_id: String,
    /// `waiting` to be opened, `open` or `done`.
    writer: &'static str,
    reader: &'static str,
    age_ms: u64,
    /// Frames that the reader has taken, messages among them.
    frames: u64,
    bytes: u64,
    buffered_frames: usize,
    buffered_bytes: usize,
    /// What the channel holds before its writer has to wait.
    capacity_frames: usize,
    capacity_bytes: usize,
    bytes_per_second: u64,
    /// How long the rate was measured over.
    measured_ms: u64,
}

impl Listed {
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
