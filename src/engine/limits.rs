use std::time::Duration;

use super::EngineError;
use super::behaviour::Behaviour;
use crate::transport::{KeepAlive, PipeLimits, WebSocketLimits};
use crate::wire::MAX_FRAME;

/// Default capacity of a channel in frames (`docs/protocol.md` section 3).
const DEFAULT_BUFFER: u64 = 64;
/// Maximum capacity of a channel in frames (`docs/protocol.md` section 3).
const MAX_BUFFER: u64 = 1024;

/// A smaller message limit would not fit a call.
const SHORTEST_MESSAGE: usize = 256;

/// Minimum capacity of a channel in bytes. A larger frame is accepted if the channel is empty.
const SMALLEST_CHANNEL: usize = 64;

/// The limits and timeouts of an engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Maximum number of concurrent connections, control and channels.
    pub(super) connections: usize,
    /// Maximum number of connections that have sent nothing yet; when exceeded, the oldest is
    /// closed.
    pub(super) pending_connections: usize,
    /// Maximum number of unfinished channels.
    pub(super) channels: usize,
    /// Maximum number of unfinished channels of one worker.
    pub(super) worker_channels: usize,
    /// Maximum number of functions of one worker.
    pub(super) worker_functions: usize,
    /// Maximum number of calls of one worker without a result.
    pub(super) worker_calls: usize,
    /// Maximum memory of one worker's registrations in bytes.
    pub(super) worker_registered_bytes: usize,
    /// Maximum size of one registration in bytes: id, description, formats and metadata.
    pub(super) function_bytes: usize,
    /// Maximum memory of one worker's open calls in bytes.
    pub(super) worker_call_bytes: usize,
    /// Maximum number of bytes waiting to be sent to one worker.
    pub(super) outbox_bytes: usize,
    /// Maximum number of bytes of registrations, open calls and waiting messages, over all workers.
    pub(super) control_bytes: usize,
    /// Maximum number of bytes of incomplete long messages, over all connections.
    pub(super) incoming_bytes: usize,
    /// Number of payload bytes held for readers above which no channel is created.
    pub(super) held_bytes: usize,
    /// Maximum number of payload bytes that one channel holds for its reader.
    pub(super) channel_bytes: usize,
    /// Maximum number of bytes in one WebSocket message, control or channel.
    pub(super) message: usize,
    /// Maximum number of bytes in one WebSocket frame of a channel.
    pub(super) frame: usize,
    /// Timeout from accepting a connection to the end of the header section.
    pub(super) handshake: Duration,
    /// How long a channel waits for an unopened end.
    pub(super) ttl: Duration,
    /// How long the engine waits for a reader to answer the close, counted from the time when its
    /// stream was passed to the operating system.
    pub(super) linger: Duration,
    /// When workers are pinged, and when they count as lost.
    pub(super) keep_alive: KeepAlive,
    /// How long the calls of a worker are kept after the loss of its connection.
    pub(super) reattach_within: Duration,
    /// The behaviour where the protocol leaves it open.
    pub(super) behaviour: Behaviour,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 65_536,
            pending_connections: 1024,
            channels: 100_000,
            worker_channels: 25_000,
            worker_functions: 10_000,
            worker_calls: 100_000,
            worker_registered_bytes: 8 << 20,
            function_bytes: 1 << 20,
            worker_call_bytes: 64 << 20,
            outbox_bytes: 64 << 20,
            control_bytes: 512 << 20,
            incoming_bytes: 512 << 20,
            held_bytes: 4 << 30,
            channel_bytes: 64 << 20,
            message: WebSocketLimits::CONTROL.message,
            frame: WebSocketLimits::CHANNEL.frame,
            // `docs/protocol.md` section 1.1.
            handshake: Duration::from_secs(10),
            // `docs/protocol.md` section 4.3.
            ttl: Duration::from_secs(300),
            // More than the 20 s between the pings of a peer that is slow to read what the
            // operating system holds for it: a ping to a closed socket would destroy that
            // (`docs/protocol.md` section 8.2).
            linger: Duration::from_secs(60),
            keep_alive: KeepAlive::default(),
            // A worker reconnects after about 0.1 s, 1 s, 3 s and 7 s.
            reattach_within: Duration::ZERO,
            behaviour: Behaviour::default(),
        }
    }
}

impl Limits {
    /// # Errors
    ///
    /// [`EngineError::Setting`] if a setting would make the engine unusable. A limit of zero
    /// functions, calls or channels is allowed.
    pub(super) fn check(&self) -> Result<(), EngineError> {
        let problem = if self.connections == 0 {
            Some(
                "no connection is allowed, so no worker could connect; allow at least 1".to_owned(),
            )
        } else if self.pending_connections == 0 {
            Some(
                "no new connection is allowed, so no worker could connect; allow at least 1"
                    .to_owned(),
            )
        } else if self.message < SHORTEST_MESSAGE {
            Some(format!(
                "messages of {} bytes are too short for any call; allow at least {SHORTEST_MESSAGE}",
                self.message
            ))
        } else if self.frame == 0 {
            Some("frames of 0 bytes carry nothing; allow at least 1".to_owned())
        } else if self.channel_bytes < SMALLEST_CHANNEL {
            Some(format!(
                "channels of {} bytes pass one frame at a time; allow at least {SMALLEST_CHANNEL}",
                self.channel_bytes
            ))
        } else if self.handshake.is_zero() {
            Some("no client sends its request in no time; allow more than 0 s".to_owned())
        } else {
            self.keep_alive.problem()
        };
        match problem {
            Some(reason) => Err(EngineError::Setting { reason }),
            None => Ok(()),
        }
    }

    /// The bounds of a channel whose creator requested `buffer_size` frames.
    pub(super) fn pipe(&self, buffer_size: Option<u64>) -> PipeLimits {
        let frames = buffer_size.unwrap_or(DEFAULT_BUFFER).clamp(1, MAX_BUFFER);
        let frames = usize::try_from(frames).unwrap_or(usize::MAX);
        PipeLimits {
            frames,
            bytes: (frames * MAX_FRAME).min(self.channel_bytes),
        }
    }

    pub(super) fn control(&self) -> WebSocketLimits {
        self.capped(WebSocketLimits::CONTROL)
    }

    /// Maximum size of a control message, which is also bounded by the memory for incomplete
    /// messages.
    pub(super) fn control_message(&self) -> usize {
        self.control().message.min(self.incoming_bytes)
    }

    pub(super) fn writer(&self) -> WebSocketLimits {
        self.capped(WebSocketLimits {
            frame: self.frame,
            ..WebSocketLimits::CHANNEL
        })
    }

    /// A reader sends only pings and a close.
    pub(super) fn reader(&self) -> WebSocketLimits {
        self.capped(WebSocketLimits {
            frame: MAX_FRAME,
            message: MAX_FRAME,
            read_buffer: 1 << 10,
        })
    }

    /// Telemetry is discarded and need not be long: exporters send batches of a few hundred
    /// kilobytes.
    pub(super) fn telemetry(&self) -> WebSocketLimits {
        self.capped(WebSocketLimits {
            frame: 16 << 20,
            message: 16 << 20,
            read_buffer: 16 << 10,
        })
    }

    fn capped(&self, limits: WebSocketLimits) -> WebSocketLimits {
        WebSocketLimits {
            frame: limits.frame.min(self.message),
            message: limits.message.min(self.message),
            ..limits
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn a_buffer_size_is_clamped_and_bounds_bytes_too() {
        let limits = Limits {
            channel_bytes: 1 << 20,
            ..Limits::default()
        };
        let pipe = |size| {
            let pipe = limits.pipe(size);
            (pipe.frames, pipe.bytes)
        };
        assert_eq!(pipe(Some(0)), (1, 64 << 10));
        assert_eq!(pipe(Some(2)), (2, 128 << 10));
        assert_eq!(pipe(None), (64, 1 << 20));
        assert_eq!(pipe(Some(u64::MAX)), (1024, 1 << 20));
    }
}
