use std::time::Instant;

use super::pause::{ALONE, Seen};
use crate::sync::thread_local;

/// What is known of a sender's pace, for its flusher to see.
pub(super) struct Pulse {
    /// Counts calls that accepted something.
    accepted: u64,
    /// The thread of the last of them.
    thread: Option<ThreadMark>,
    /// When nothing was left to send last.
    emptied: Instant,
    /// Whether something came alone, and the flusher has not looked since.
    alone: bool,
    /// Whether the sender had to wait for room since the last call that accepted something: it is
    /// busy then, however long it took.
    waited: bool,
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            accepted: 0,
            thread: None,
            emptied: Instant::now(),
            alone: false,
            waited: false,
        }
    }

    /// The sender waits for room.
    pub(super) fn waits(&mut self) {
        self.waited = true;
    }

    /// Something is about to be accepted while nothing waits to be sent.
    pub(super) fn begins(&mut self) {
        self.alone = !self.waited && self.emptied.elapsed() >= ALONE;
    }

    /// Something was accepted.
    pub(super) fn accepts(&mut self) {
        self.accepted += 1;
        self.waited = false;
        self.thread = Some(ThreadMark::here());
    }

    /// Nothing is left to send.
    pub(super) fn empties(&mut self) {
        self.emptied = Instant::now();
    }

    pub(super) fn is_alone(&self) -> bool {
        self.alone
    }

    /// What the flusher sees on its thread, when `framed` payload bytes are in frames.
    pub(super) fn look(&mut self, framed: u64) -> Seen {
        Seen {
            accepted: self.accepted,
            framed,
            alone: std::mem::take(&mut self.alone),
            elsewhere: self.thread != Some(ThreadMark::here()),
        }
    }
}

/// Tells threads apart, for less than a `ThreadId` costs: an item pays for it. A thread that has
/// ended may share its mark with a later one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ThreadMark(usize);

impl ThreadMark {
    fn here() -> Self {
        thread_local!(static PLACE: u8 = const { 0 });
        Self(PLACE.with(|place| std::ptr::from_ref(place).addr()))
    }
}
