use std::time::{Duration, Instant};

/// How often it is looked at whether a socket is read fast enough.
const EVERY: Duration = Duration::from_secs(1);

/// Bytes of a writer's socket that are read in each [`EVERY`], however slow the reader is.
///
/// What stands before a ping or a close is what the sockets of both sides hold, up to five
/// megabytes. At this pace it is read before the 10 s are over that the Python SDK waits for an
/// answer to its close (`docs/protocol.md` section 4.4).
const PACE: usize = 640 << 10;

/// Bytes that a pipe may hold beyond its bound: 25 s for a writer whose reader has stopped. This
/// is memory, so there has to be a bound. A writer that goes on for longer uses it up; what it sends
/// then waits for the reader, and if it gives up, both sides are told.
const MOST: usize = 16 << 20;

/// How far a writer's socket is read beyond the bound of its pipe.
///
/// A full pipe stops the reading, so that TCP holds the writer back. But a ping or a close stands
/// behind the data that its writer sent before, and SDKs give up a connection that does not answer
/// it (`docs/protocol.md` section 11.11). So while there is something to read, the pipe may be overdrawn by what
/// its reader took less than [`PACE`]. Plain and synchronous: it is told the time.
#[derive(Debug, Default)]
pub(super) struct Overdraft {
    window: Option<Window>,
    granted: usize,
}

/// A time of [`EVERY`] since the pipe became full.
#[derive(Debug)]
struct Window {
    ends: Instant,
    received: usize,
}

impl Overdraft {
    /// Bytes were read from the socket.
    pub(super) fn received(&mut self, bytes: usize) {
        if let Some(window) = &mut self.window {
            window.received += bytes;
        }
    }

    /// The socket has nothing more, so that no ping and no close waits in it.
    pub(super) fn drained(&mut self) {
        *self = Self::default();
    }

    /// The pipe is full: how many bytes it may hold beyond its bound, and when that is to be asked
    /// again.
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

    use super::{EVERY, MOST, Overdraft, PACE};

    #[test]
    fn a_reader_that_keeps_the_pace_needs_none() {
        let (mut overdraft, mut now) = (Overdraft::default(), Instant::now());
        assert_eq!(overdraft.granted(now), (0, now + EVERY));
        for _ in 0..10 {
            overdraft.received(PACE);
            now += EVERY;
            assert_eq!(overdraft.granted(now), (0, now + EVERY));
        }
    }

    #[test]
    fn what_a_slow_reader_lacks_is_granted_up_to_the_bound() {
        let (mut overdraft, mut now) = (Overdraft::default(), Instant::now());
        overdraft.granted(now);
        overdraft.received(PACE / 4);
        assert_eq!(overdraft.granted(now + EVERY / 2).0, 0);
        now += EVERY;
        assert_eq!(overdraft.granted(now).0, PACE - PACE / 4);
        for _ in 0..=MOST / PACE {
            now += EVERY;
            overdraft.granted(now);
        }
        assert_eq!(overdraft.granted(now).0, MOST);
    }

    #[test]
    fn a_socket_that_was_read_to_its_end_begins_anew() {
        let (mut overdraft, now) = (Overdraft::default(), Instant::now());
        overdraft.granted(now);
        assert_eq!(overdraft.granted(now + EVERY).0, PACE);
        overdraft.drained();
        assert_eq!(overdraft.granted(now + EVERY).0, 0);
    }
}
