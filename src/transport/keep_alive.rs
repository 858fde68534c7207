use std::time::{Duration, Instant};

use super::{CENTURY, later};

/// When to ping a silent peer, and when to consider it dead.
///
/// The defaults are those of the SDKs: a ping every 20 s, dead after 60 s without any frame
/// (`docs/protocol.md` section 1.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeepAlive {
    pub(crate) ping_every: Duration,
    pub(crate) dead_after: Duration,
}

impl KeepAlive {
    /// Why no peer could satisfy these settings; `None` if they are valid.
    pub(crate) fn problem(&self) -> Option<String> {
        let Self {
            ping_every,
            dead_after,
        } = *self;
        if ping_every.is_zero() {
            return Some("a peer cannot be pinged every 0 s; use at least 1 ms".to_owned());
        }
        (dead_after <= ping_every && dead_after < CENTURY).then(|| {
            format!(
                "a peer that is pinged every {ping_every:?} cannot be taken for dead after \
                 {dead_after:?}; wait longer, or ping more often"
            )
        })
    }

    /// Pings at least as often as the peer wants a heartbeat.
    pub(crate) fn at_least(self, wanted: Option<Duration>) -> Self {
        Self {
            ping_every: wanted.map_or(self.ping_every, |wanted| wanted.min(self.ping_every)),
            ..self
        }
    }
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            ping_every: Duration::from_secs(20),
            dead_after: Duration::from_secs(60),
        }
    }
}

/// The keep-alive state of one connection.
///
/// Frames arrive often and the timer fires rarely. Recording a frame is therefore one assignment,
/// and its effect on the timer is computed when the timer fires.
#[derive(Debug)]
pub(crate) struct KeepAliveTimer {
    settings: KeepAlive,
    heard: Instant,
    pinged: Instant,
    /// The value of [`Traffic::signs`](super::Traffic::signs) when it was last read.
    signs: u64,
    /// The time since which data has been waiting to be sent, if any.
    waits: Option<Instant>,
}

/// Upper bound on the extra time that a silent peer is granted after messages that took long to
/// send.
const LONGEST_GRANT: Duration = Duration::from_secs(30);

/// The result of [`KeepAliveTimer::check`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing is due before this time.
    Wait(Instant),
    /// Send a ping now, then check again.
    Ping,
    /// The peer has been silent for too long.
    Dead,
}

impl KeepAliveTimer {
    pub(crate) fn new(settings: KeepAlive, now: Instant) -> Self {
        Self {
            settings,
            heard: now,
            pinged: now,
            signs: 0,
            waits: None,
        }
    }

    /// Records the connection's current value of [`Traffic::signs`](super::Traffic::signs).
    pub(crate) fn saw(&mut self, signs: u64, now: Instant) {
        if signs != self.signs {
            self.signs = signs;
            self.heard(now);
        }
    }

    /// Records that data waits because the peer does not accept it.
    pub(crate) fn held_up(&mut self, now: Instant) {
        self.waits.get_or_insert(now);
    }

    /// Records that everything has been passed to the operating system. Buffers on the way still
    /// hold data, and the answer to a ping follows it, so the peer is granted as much time again.
    pub(crate) fn all_sent(&mut self, now: Instant) {
        if let Some(since) = self.waits.take() {
            let took = now.saturating_duration_since(since);
            self.heard(now + took.min(LONGEST_GRANT));
        }
    }

    /// Records that the peer sent something.
    pub(crate) fn heard(&mut self, now: Instant) {
        self.heard = self.heard.max(now);
    }

    /// Returns what is due at `now`.
    pub(crate) fn check(&mut self, now: Instant) -> Check {
        let dead = later(self.heard, self.settings.dead_after);
        let ping = later(self.pinged, self.settings.ping_every);
        if now >= dead {
            Check::Dead
        } else if now >= ping {
            self.pinged = now;
            Check::Ping
        } else {
            Check::Wait(dead.min(ping))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Check, KeepAlive, KeepAliveTimer};

    #[test]
    fn pings_in_between_and_gives_up_on_silence() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut keep_alive_timer = KeepAliveTimer::new(KeepAlive::default(), start);
        assert_eq!(keep_alive_timer.check(start), Check::Wait(at(20)));
        assert_eq!(keep_alive_timer.check(at(20)), Check::Ping);
        assert_eq!(keep_alive_timer.check(at(20)), Check::Wait(at(40)));
        assert_eq!(keep_alive_timer.check(at(40)), Check::Ping);
        keep_alive_timer.heard(at(41));
        assert_eq!(keep_alive_timer.check(at(60)), Check::Ping);
        assert_eq!(keep_alive_timer.check(at(80)), Check::Ping);
        assert_eq!(keep_alive_timer.check(at(80)), Check::Wait(at(100)));
        assert_eq!(keep_alive_timer.check(at(100)), Check::Ping);
        assert_eq!(keep_alive_timer.check(at(100)), Check::Wait(at(101)));
        assert_eq!(keep_alive_timer.check(at(101)), Check::Dead);
    }

    #[test]
    fn long_message_on_its_way_is_no_silence() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let settings = KeepAlive {
            ping_every: Duration::from_secs(1000),
            dead_after: Duration::from_secs(10),
        };
        let mut keep_alive_timer = KeepAliveTimer::new(settings, start);
        keep_alive_timer.held_up(at(1));
        keep_alive_timer.saw(1, at(5));
        keep_alive_timer.saw(1, at(9));
        assert_eq!(keep_alive_timer.check(at(9)), Check::Wait(at(15)));
        keep_alive_timer.all_sent(at(11));
        // Data that took ten seconds may take ten more.
        assert_eq!(keep_alive_timer.check(at(12)), Check::Wait(at(31)));
        keep_alive_timer.heard(at(13));
        assert_eq!(keep_alive_timer.check(at(31)), Check::Dead);
    }

    #[test]
    fn peer_is_pinged_as_often_as_it_wants() {
        let seconds = Duration::from_secs;
        let every = |wanted: Option<u64>| {
            let keep_alive = KeepAlive::default();
            keep_alive.at_least(wanted.map(seconds)).ping_every
        };
        assert_eq!(every(None), seconds(20));
        assert_eq!(every(Some(60)), seconds(20));
        assert_eq!(every(Some(1)), seconds(1));
    }

    #[test]
    fn endless_waits_do_not_overflow() {
        let start = Instant::now();
        let endless = KeepAlive {
            ping_every: Duration::MAX,
            dead_after: Duration::MAX,
        };
        assert!(matches!(
            KeepAliveTimer::new(endless, start).check(start),
            Check::Wait(_)
        ));
    }
}
