use std::time::{Duration, Instant};

/// Sampling interval of the drain rate.
const EVERY: Duration = Duration::from_secs(1);

/// Minimum number of bytes to read from a writer's socket per [`EVERY`], however slow the reader
/// is.
///
/// A ping or close may be preceded by everything in the socket buffers of both sides, up to five
/// megabytes. At this rate it is read within the 10 s that the Python SDK waits for an answer to
/// its close (`docs/protocol.md` section 4.4).
const PACE: usize = 640 << 10;

/// Maximum number of bytes that a pipe may hold beyond its bound: 25 s for a writer whose reader
/// has stopped. When it is used up, the writer has to wait for the reader. If the writer then gives
/// up, both sides are notified.
const MOST: usize = 16 << 20;

/// How far a writer's socket is read beyond the bound of its pipe.
///
/// When a pipe is full, reading stops, so that TCP makes the writer wait. But a ping or a close
/// arrives after the data sent before it, and SDKs close a connection that does not answer
/// (`docs/protocol.md` section 11.11). While there is input, the pipe may therefore be overdrawn by
/// the difference between [`PACE`] and the bytes that its reader took. The time is passed as an
/// argument.
#[derive(Debug, Default)]
pub(super) struct ReadCredit {
    window: Option<Window>,
    granted: usize,
}

/// A period of [`EVERY`] since the pipe became full.
#[derive(Debug)]
struct Window {
    ends: Instant,
    received: usize,
}

impl ReadCredit {
    /// Records that bytes were read from the socket.
    pub(super) fn received(&mut self, bytes: usize) {
        if let Some(window) = &mut self.window {
            window.received += bytes;
        }
    }

    /// The socket is empty, so no ping or close is waiting in it.
    pub(super) fn drained(&mut self) {
        *self = Self::default();
    }

    /// Called when the pipe is full. Returns how many bytes it may hold beyond its bound, and when
    /// to ask again.
    pub(super) fn granted(&mut self, now: Instant) -> (usize, Instant) {
        let window = self.window.get_or_insert(Window {
            ends: now + EVERY,
            received: 0,
        });
        if now >= window.ends {
            let missing = PACE.saturating_sub(window.received);
            self.granted = (self.granted + missing).min(MOST);
            *window = Window {
                ends: now + EVERY,
                received: 0,
            };
        }
        (self.granted, window.ends)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{EVERY, MOST, PACE, ReadCredit};

    #[test]
    fn a_reader_that_keeps_the_pace_needs_none() {
        let (mut read_credit, mut now) = (ReadCredit::default(), Instant::now());
        assert_eq!(read_credit.granted(now), (0, now + EVERY));
        for _ in 0..10 {
            read_credit.received(PACE);
            now += EVERY;
            assert_eq!(read_credit.granted(now), (0, now + EVERY));
        }
    }

    #[test]
    fn overdraft_covers_a_slow_reader_up_to_the_bound() {
        let (mut read_credit, mut now) = (ReadCredit::default(), Instant::now());
        read_credit.granted(now);
        read_credit.received(PACE / 4);
        assert_eq!(read_credit.granted(now + EVERY / 2).0, 0);
        now += EVERY;
        assert_eq!(read_credit.granted(now).0, PACE - PACE / 4);
        for _ in 0..=MOST / PACE {
            now += EVERY;
            read_credit.granted(now);
        }
        assert_eq!(read_credit.granted(now).0, MOST);
    }

    #[test]
    fn a_socket_that_was_read_to_its_end_begins_anew() {
        let (mut read_credit, now) = (ReadCredit::default(), Instant::now());
        read_credit.granted(now);
        assert_eq!(read_credit.granted(now + EVERY).0, PACE);
        read_credit.drained();
        assert_eq!(read_credit.granted(now + EVERY).0, 0);
    }
}
