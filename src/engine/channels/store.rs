use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::channel::Keys;
use super::listed::{Listed, Listing};
use super::no_channel::NoChannel;
use super::refusal::Refusal;
use super::table::Table;
use super::{Lease, ReaderEnd, Totals, WriterEnd};
use crate::engine::EngineStats;
use crate::engine::behaviour::Behaviour;
use crate::engine::limits::Limits;
use crate::engine::runs::Runs;
use crate::transport::{PipeLimits, later};
use crate::wire::{AccessKey, Direction, StreamChannelRef};

/// The channel table with its lock, its clock and its source of secrets.
pub(in crate::engine) struct Channels {
    ttl: Duration,
    behaviour: Behaviour,
    /// Protects the table for one operation: creating, opening or finishing. Nothing that passes
    /// through a channel takes it.
    table: Mutex<Table>,
    /// Told of each channel that comes or goes, after the table.
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

    /// Makes a channel for the worker `owner`.
    pub(in crate::engine) fn create(
        &self,
        owner: &Arc<str>,
        limits: PipeLimits,
    ) -> Result<ChannelRefs, NoChannel> {
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

    /// Frees what has expired and says when to come again.
    pub(super) fn expire(&self) -> Instant {
        let now = now();
        let mut table = self.lock();
        let expired = table.expire(now);
        // A channel that does not exist yet lives for a TTL at least.
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

    /// What all channels did so far. Holds the table for as long as it takes to look at each.
    pub(in crate::engine) fn totals(&self) -> Totals {
        self.lock().totals()
    }

    /// What others may know of the channels. Holds the table for as long as it takes to sort them:
    /// a few milliseconds, where there are as many as there may be.
    pub(in crate::engine) fn list(&self, limit: usize) -> Listing {
        self.lock().list(limit, now())
    }

    /// What others may know of some channels, as far as they are not finished.
    pub(in crate::engine) fn look(&self, ids: &[String]) -> HashMap<String, Listed> {
        self.lock().look(ids, now())
    }

    /// Whether a ref names an end that there is, opened or not.
    pub(in crate::engine) fn knows(&self, end: &StreamChannelRef) -> bool {
        self.lock().knows(end)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole after each statement; a panic under the lock leaves it usable.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time as tokio has it, so that tests can pause it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// 244 random bits from the operating system, in hexadecimal: it needs no escaping in a URL.
/// Twice a UUID, because one has 122.
fn new_key() -> AccessKey {
    let (a, b) = (Uuid::new_v4(), Uuid::new_v4());
    AccessKey::new(format!("{}{}", a.simple(), b.simple()))
}
