use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Totals;
use super::channel::Keys;
use super::listing::{ChannelRow, Listing};
use super::refused::{ChannelRefused, Refusal};
use super::table::Table;
use crate::engine::EngineStats;
use crate::engine::behaviour::Behaviour;
use crate::engine::limits::Limits;
use crate::engine::runs::Runs;
use crate::sync::MutexExt;
use crate::transport::{PipeLimits, PipeReader, PipeWriter, later, now};
use crate::wire::{AccessKey, Direction, StreamChannelRef};

/// The channel table with its lock, clock and random generator.
pub(in crate::engine) struct Channels {
    ttl: Duration,
    behaviour: Behaviour,
    /// Protects the table during one operation: creating, opening or finishing a channel. Data
    /// never takes this lock.
    table: Mutex<Table>,
    /// Notified of each channel that is created or finished, after the table.
    runs: Arc<Runs>,
}

/// The two refs of a new channel.
#[derive(serde::Serialize)]
pub(in crate::engine) struct ChannelRefs {
    pub(in crate::engine) writer: StreamChannelRef,
    pub(in crate::engine) reader: StreamChannelRef,
}

impl Channels {
    pub(in crate::engine) fn new(limits: &Limits, runs: Arc<Runs>) -> Self {
        Self {
            ttl: limits.ttl,
            behaviour: limits.behaviour,
            table: Mutex::new(Table::new(*limits)),
            runs,
        }
    }

    /// Creates a channel for the worker `owner`.
    pub(in crate::engine) fn create(
        &self,
        owner: &Arc<str>,
        limits: PipeLimits,
    ) -> Result<ChannelRefs, ChannelRefused> {
        let channel_id = Uuid::new_v4().to_string();
        let read = new_key();
        let write = if self.behaviour.is_iii() {
            read.clone()
        } else {
            new_key()
        };
        let keys = Keys { read, write };
        self.lock()
            .create(&channel_id, owner, keys.clone(), limits, now())?;
        Ok(ChannelRefs {
            writer: StreamChannelRef {
                channel_id: channel_id.clone(),
                access_key: keys.write,
                direction: Direction::Write,
            },
            reader: StreamChannelRef {
                channel_id,
                access_key: keys.read,
                direction: Direction::Read,
            },
        })
    }

    pub(in crate::engine) fn open_reader(
        self: &Arc<Self>,
        id: &str,
        key: &AccessKey,
    ) -> Result<ReaderEnd, Refusal> {
        let pipe = self.lock().open_reader(id, key, now())?;
        let lease = Lease::new(Arc::clone(self), id.to_owned(), Direction::Read);
        Ok(ReaderEnd { pipe, lease })
    }

    pub(in crate::engine) fn open_writer(
        self: &Arc<Self>,
        id: &str,
        key: &AccessKey,
    ) -> Result<WriterEnd, Refusal> {
        let pipe = self.lock().open_writer(id, key, now())?;
        let lease = Lease::new(Arc::clone(self), id.to_owned(), Direction::Write);
        Ok(WriterEnd { pipe, lease })
    }

    pub(super) fn done(&self, id: &str, direction: Direction) {
        let ended = self.lock().done(id, direction, now());
        if let Some(ending) = ended {
            self.runs.closed(id, ending);
        }
    }

    /// Frees expired channels and returns when to call it again.
    pub(super) fn expire(&self) -> Instant {
        let now = now();
        let mut table = self.lock();
        let expired = table.expire(now);
        // A new channel lives for at least one TTL.
        let next = table.next_expiry().unwrap_or_else(|| later(now, self.ttl));
        drop(table);
        for (id, ending) in expired {
            self.runs.closed(&id, ending);
        }
        next
    }

    pub(super) fn stop(&self) {
        self.lock().stop();
    }

    pub(in crate::engine) fn count(&self, stats: &mut EngineStats) {
        self.lock().count(stats);
    }

    /// The totals of all channels. Locks the table while it looks at each channel.
    pub(in crate::engine) fn totals(&self) -> Totals {
        self.lock().totals()
    }

    /// Lists channels. Locks the table while it sorts them: a few milliseconds at the maximum
    /// number of channels.
    pub(in crate::engine) fn list(&self, limit: usize) -> Listing {
        self.lock().list(limit, now())
    }

    /// The public data of some channels, as far as they are unfinished.
    pub(in crate::engine) fn look(&self, ids: &[String]) -> HashMap<String, ChannelRow> {
        self.lock().look(ids, now())
    }

    /// Whether a ref names an existing end, opened or not.
    pub(in crate::engine) fn knows(&self, end: &StreamChannelRef) -> bool {
        self.lock().knows(end)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is consistent after each statement, so it is usable after a panic under the
        // lock.
        self.table.lock_unpoisoned()
    }
}

/// A key of 244 random bits, in hexadecimal, which needs no escaping in a URL. It consists of two
/// UUIDs of 122 random bits each.
fn new_key() -> AccessKey {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    AccessKey::new(format!("{}{}", a.simple(), b.simple()))
}

/// The opened reading end of a channel.
///
/// Dropping it notifies first the writer and then the table; the order of the fields guarantees
/// this.
pub(in crate::engine) struct ReaderEnd {
    pub(super) pipe: PipeReader,
    pub(super) lease: Lease,
}

/// The opened writing end of a channel.
///
/// If it is dropped before the end of the stream, the reader is notified that the writer was lost.
pub(in crate::engine) struct WriterEnd {
    pub(super) pipe: PipeWriter,
    pub(super) lease: Lease,
}

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

/// Frees channels when they expire, and all of them when the engine stops.
pub(in crate::engine) async fn sweep(channels: Arc<Channels>, stopping: CancellationToken) {
    loop {
        let next = channels.expire();
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            () = stopping.cancelled() => return channels.stop(),
        }
    }
}
