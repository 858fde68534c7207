use std::mem;
use std::sync::Arc;
use std::time::Instant;

use super::ended::Ended;
use super::rate::Rate;
use crate::engine::runs::Ending;
use crate::transport::{PipeMonitor, PipeReader, PipeWriter};
use crate::wire::{AccessKey, Close, Histogram};

/// When a channel expires; the number distinguishes channels with the same time.
pub(super) type Expiry = (Instant, u64);

/// The keys of one channel. They differ, so that a ref for reading cannot be turned into one for
/// writing.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) read: AccessKey,
    pub(super) write: AccessKey,
}

/// One channel: its keys, and its ends until they are opened.
pub(super) struct Channel {
    pub(super) keys: Keys,
    /// The worker that created it.
    pub(super) owner: Arc<str>,
    pub(super) reader: End<PipeReader>,
    pub(super) writer: End<PipeWriter>,
    pub(super) monitor: PipeMonitor,
    pub(super) created: Instant,
    pub(super) rate: Rate,
    /// Its position in the table's order of expiry, while an end is unopened.
    pub(super) expiry: Option<Expiry>,
}

/// | state | can be opened | left by |
/// |---|---|---|
/// | `Waiting` | yes | opening, expiry |
/// | `Open` | no, taken | the end of its session |
/// | `Done` | no, taken | – |
pub(super) enum End<P> {
    Waiting(P),
    Open,
    Done,
}

impl<P> End<P> {
    /// Takes the end; `None` if it was opened before.
    pub(super) fn open(&mut self) -> Option<P> {
        match mem::replace(self, Self::Open) {
            Self::Waiting(end) => Some(end),
            taken => {
                *self = taken;
                None
            }
        }
    }

    /// The name of the state.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Waiting(_) => "waiting",
            Self::Open => "open",
            Self::Done => "done",
        }
    }

    fn is_waiting(&self) -> bool {
        matches!(self, Self::Waiting(_))
    }

    fn is_done(&self) -> bool {
        matches!(self, Self::Done)
    }
}

impl Channel {
    pub(super) fn new(
        keys: Keys,
        owner: Arc<str>,
        (mut writer, reader): (PipeWriter, PipeReader),
        waits: &Arc<Histogram>,
        now: Instant,
    ) -> Self {
        writer.count_waits(Arc::clone(waits));
        let monitor = writer.monitor();
        Self {
            keys,
            owner,
            reader: End::Waiting(reader),
            writer: End::Waiting(writer),
            monitor,
            created: now,
            rate: Rate::new(now),
            expiry: None,
        }
    }

    /// Whether an end may still be opened.
    pub(super) fn is_waiting(&self) -> bool {
        self.reader.is_waiting() || self.writer.is_waiting()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.reader.is_done() && self.writer.is_done()
    }

    /// Stops the stream at both ends and drops what is queued.
    pub(super) fn stop(&self, close: &Close) {
        self.monitor.stop(close.clone());
    }

    /// The statistics of a finished channel.
    pub(super) fn ending(&self, how: Ended) -> Ending {
        let (frames, bytes) = self.monitor.passed();
        Ending { frames, bytes, how }
    }
}
