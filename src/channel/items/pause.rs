//! Tells from looks at a sender whether it is busy or pauses. A plain state machine; the flusher
//! has the clock and the connection.

use std::time::{Duration, Instant};

/// How long after everything was sent the next item counts as one that comes alone. Longer than a
/// busy sender needs from item to item, shorter than a trip to the other side and back.
pub(super) const ALONE: Duration = Duration::from_micros(20);

/// How long to leave a busy sender alone; the least that tokio's timer can do.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// The longest that an item waits for its frame to fill, beside a tick.
const PATIENCE: Duration = Duration::from_millis(10);

/// Decides what a flusher does next.
///
/// A sender on the flusher's own thread is not running while it is looked at, so a turn of the
/// scheduler that brings nothing new is a pause. One on another thread may only be slow: it is
/// left alone for a tick, unless an item comes that is clearly alone.
///
/// | state | a look sees | next | with |
/// |---|---|---|---|
/// | `Asleep` | anything | `Looking` | `Flush` |
/// | `Looking`, `Ticking` | an item alone | `Looking` | `Flush` |
/// | `Looking` | nothing new, not all sent | `Looking` | `Flush` |
/// | `Looking` at its own thread | something new | `Looking` | `Look` |
/// | `Looking` at its own thread | nothing new, all sent | `Asleep` | `Sleep` |
/// | `Looking` at another thread | something new, or all sent | `Ticking` | `Tick` |
/// | `Ticking` | something new | `Ticking` | `Tick` |
/// | `Ticking` | something new, no frame filled for [`PATIENCE`] | `Looking` | `Flush` |
/// | `Ticking` | nothing new, not all sent | `Looking` | `Flush` |
/// | `Ticking` | nothing new, all sent | `Asleep` | `Sleep` |
#[derive(Debug)]
pub(super) enum Watch {
    Asleep,
    Looking {
        seen: Seen,
        sent: bool,
    },
    Ticking {
        seen: Seen,
        sent: bool,
        /// When a frame was seen to have filled last.
        filled: Instant,
    },
}

/// What a look sees of the sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Counts what was accepted.
    pub(super) accepted: u64,
    /// Payload bytes in frames that were filled or flushed.
    pub(super) framed: u64,
    /// Whether an item came that is [`ALONE`].
    pub(super) alone: bool,
    /// Whether the sender is on another thread than the flusher.
    pub(super) elsewhere: bool,
}

/// What to do after a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send what is there and call [`Watch::sent`], then look again in the next turn.
    Flush,
    /// Look again in the next turn of the scheduler.
    Look,
    /// Look again after [`TICK`], or when an item came alone.
    Tick,
    /// Look again when something was accepted.
    Sleep,
}

impl Watch {
    /// What to do, now that the sender is like `now_seen`.
    pub(super) fn look(&mut self, now: Instant, now_seen: Seen) -> Step {
        match self {
            _ if now_seen.alone => self.flush(now_seen),
            Self::Asleep => self.flush(now_seen),
            Self::Looking { seen, sent } => {
                let new = seen.accepted != now_seen.accepted;
                (*seen, *sent) = (now_seen, *sent && !new);
                if !new && !*sent {
                    self.flush(now_seen)
                } else if now_seen.elsewhere {
                    *self = Self::Ticking {
                        seen: now_seen,
                        sent: *sent,
                        filled: now,
                    };
                    Step::Tick
                } else if new {
                    Step::Look
                } else {
                    self.sleep()
                }
            }
            Self::Ticking { seen, sent, filled } => {
                if seen.accepted == now_seen.accepted {
                    return if *sent {
                        self.sleep()
                    } else {
                        self.flush(now_seen)
                    };
                }
                if seen.framed != now_seen.framed {
                    *filled = now;
                }
                if now.duration_since(*filled) >= PATIENCE {
                    return self.flush(now_seen);
                }
                (*seen, *sent) = (now_seen, false);
                Step::Tick
            }
        }
    }

    /// Everything that the last look saw has been sent.
    pub(super) fn sent(&mut self) {
        if let Self::Looking { sent, .. } = self {
            *sent = true;
        }
    }

    fn flush(&mut self, seen: Seen) -> Step {
        *self = Self::Looking { seen, sent: false };
        Step::Flush
    }

    fn sleep(&mut self) -> Step {
        *self = Self::Asleep;
        Step::Sleep
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{PATIENCE, Seen, Step, TICK, Watch};

    /// A sender, a flusher that sends at once, and a clock.
    struct Scene {
        watch: Watch,
        now: Instant,
        seen: Seen,
    }

    impl Scene {
        fn new(elsewhere: bool) -> Self {
            Self {
                watch: Watch::Asleep,
                now: Instant::now(),
                seen: Seen {
                    accepted: 1,
                    framed: 0,
                    alone: false,
                    elsewhere,
                },
            }
        }

        /// Looks after some time in which nothing came.
        fn look(&mut self, after: Duration) -> Step {
            self.now += after;
            let step = self.watch.look(self.now, self.seen);
            if step == Step::Flush {
                self.watch.sent();
            }
            step
        }

        /// Looks after some time in which an item came.
        fn look_at_item(&mut self, after: Duration) -> Step {
            self.seen.accepted += 1;
            self.look(after)
        }
    }

    const NO_TIME: Duration = Duration::ZERO;

    #[test]
    fn a_single_item_is_sent_at_the_first_look() {
        let mut scene = Scene::new(false);
        for _ in 0..3 {
            assert_eq!(scene.look_at_item(NO_TIME), Step::Flush);
            assert_eq!(scene.look(NO_TIME), Step::Sleep);
        }
        let mut scene = Scene::new(true);
        for _ in 0..3 {
            assert_eq!(scene.look_at_item(NO_TIME), Step::Flush);
            assert_eq!(scene.look(NO_TIME), Step::Tick);
            assert_eq!(scene.look(TICK), Step::Sleep);
        }
    }

    #[test]
    fn an_item_alone_is_sent_in_the_middle_of_a_tick() {
        let mut scene = Scene::new(true);
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        for _ in 0..3 {
            assert_eq!(scene.look(NO_TIME), Step::Tick);
            scene.seen.alone = true;
            assert_eq!(scene.look_at_item(TICK / 2), Step::Flush);
            scene.seen.alone = false;
        }
    }

    #[test]
    fn a_sender_of_the_same_thread_has_paused_when_a_turn_brings_nothing() {
        let mut scene = Scene::new(false);
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        for _ in 0..1000 {
            assert_eq!(scene.look_at_item(TICK), Step::Look);
        }
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        assert_eq!(scene.look(NO_TIME), Step::Sleep);
    }

    #[test]
    fn a_busy_sender_elsewhere_is_looked_at_once_a_tick_and_its_frames_fill() {
        let mut scene = Scene::new(true);
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        for _ in 0..1000 {
            assert_eq!(scene.look_at_item(TICK), Step::Tick);
            scene.seen.framed += 1;
        }
        assert_eq!(scene.look(TICK), Step::Flush);
        assert_eq!(scene.look(NO_TIME), Step::Tick);
        assert_eq!(scene.look(TICK), Step::Sleep);
    }

    #[test]
    fn an_item_waits_no_longer_than_patience_for_its_frame() {
        let mut scene = Scene::new(true);
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        assert_eq!(scene.look_at_item(NO_TIME), Step::Tick);
        let mut waited = TICK;
        while scene.look_at_item(TICK) == Step::Tick {
            waited += TICK;
        }
        assert_eq!(waited, PATIENCE);
    }

    #[test]
    fn what_could_not_be_sent_is_sent_later() {
        let mut scene = Scene::new(false);
        let (now, seen) = (scene.now, scene.seen);
        assert_eq!(scene.watch.look(now, seen), Step::Flush);
        assert_eq!(scene.look(NO_TIME), Step::Flush);
        assert_eq!(scene.look(NO_TIME), Step::Sleep);
    }
}
