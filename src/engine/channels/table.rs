use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use super::Totals;
use super::channel::{Channel, End, Expiry, Keys};
use super::ended::Ended;
use super::listing::{ChannelRow, Listing};
use super::refused::{ChannelRefused, Refusal};
use crate::engine::EngineStats;
use crate::engine::limits::Limits;
use crate::engine::runs::Ending;
use crate::transport::{
    Account, Budget, PipeLimits, PipeReader, PipeWriter, accounted_pipe, later,
};
use crate::wire::{AccessKey, Close, Direction, StreamChannelRef};

/// The fraction of all channels that is reserved for workers with few channels.
const RESERVE: usize = 10;

/// The share of the rest that one of these workers may take. It is so small that dozens of greedy
/// workers still leave some.
const FEW: usize = 16;

/// The unfinished channels. The time is passed as an argument.
///
/// | event | reading end | writing end | channel |
/// |---|---|---|---|
/// | `create` | waiting | waiting | expires after the TTL |
/// | `open_*` | open | open | waits for the other end for another TTL |
/// | `done` | done | done | freed when both are done; otherwise another TTL for an unopened end |
/// | `expire` | – | – | freed; open ends are notified |
pub(super) struct Table {
    limits: Limits,
    /// Bounded by `limits.channels`.
    channels: HashMap<String, Channel>,
    /// Workers with unfinished channels.
    owners: HashMap<Arc<str>, Owner>,
    /// Bytes held for readers.
    held: Arc<Budget>,
    /// Channels with an unopened end, the next to expire first. Bounded by `channels`.
    expiries: BTreeMap<Expiry, String>,
    next: u64,
    totals: Totals,
}

/// The channels of a worker.
struct Owner {
    /// Number of unfinished channels; never zero.
    channels: usize,
    /// The bytes that they hold.
    held: Account,
}

impl Table {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            channels: HashMap::new(),
            owners: HashMap::new(),
            held: Budget::new(limits.held_bytes),
            expiries: BTreeMap::new(),
            next: 0,
            totals: Totals::default(),
        }
    }

    /// Adds a channel of the worker `owner`; `id` must be new.
    pub(super) fn create(
        &mut self,
        id: &str,
        owner: &Arc<str>,
        keys: Keys,
        limits: PipeLimits,
        now: Instant,
    ) -> Result<(), ChannelRefused> {
        let Limits {
            channels,
            worker_channels,
            held_bytes,
            ..
        } = self.limits;
        if self.channels.len() >= channels {
            return Err(ChannelRefused::Channels(channels));
        }
        let owned = self.owners.get(owner).map_or(0, |owner| owner.channels);
        let left = channels - self.channels.len();
        if left <= channels / RESERVE && owned.saturating_mul(FEW) >= left {
            return Err(ChannelRefused::Reserved { owned, left });
        }
        if owned >= worker_channels {
            return Err(ChannelRefused::OfWorker(worker_channels));
        }
        let held = self.held.held();
        if held >= held_bytes {
            let limit = held_bytes;
            return Err(ChannelRefused::Held { held, limit });
        }
        let entry = self.owners.entry(Arc::clone(owner));
        let maker = entry.or_insert_with(|| Owner {
            channels: 0,
            held: self.held.account(),
        });
        maker.channels += 1;
        let pipe = accounted_pipe(limits, maker.held.clone());
        let channel = Channel::new(keys, Arc::clone(owner), pipe, &self.totals.waits, now);
        self.totals.created += 1;
        self.channels.insert(id.to_owned(), channel);
        self.touch(id, now);
        Ok(())
    }

    pub(super) fn open_reader(
        &mut self,
        id: &str,
        key: &AccessKey,
        now: Instant,
    ) -> Result<PipeReader, Refusal> {
        let channel = self.channels.get_mut(id).ok_or(Refusal::NotFound)?;
        if channel.keys.read != *key {
            return Err(Refusal::NotFound);
        }
        let end = channel.reader.open().ok_or(Refusal::Taken)?;
        self.touch(id, now);
        Ok(end)
    }

    pub(super) fn open_writer(
        &mut self,
        id: &str,
        key: &AccessKey,
        now: Instant,
    ) -> Result<PipeWriter, Refusal> {
        let channel = self.channels.get_mut(id).ok_or(Refusal::NotFound)?;
        if channel.keys.write != *key {
            return Err(Refusal::NotFound);
        }
        let Some(end) = channel.writer.open() else {
            // The writer has more data to write than its stream will contain (`docs/protocol.md`
            // sections 8.15 and 8.24). Its close may still be on the way.
            if !self.limits.behaviour.is_iii() {
                channel.monitor.spoil(Close::WRITER_CAME_BACK);
            }
            return Err(Refusal::Taken);
        };
        self.touch(id, now);
        Ok(end)
    }

    /// Records that an open end has ended its part of the stream. Returns how the channel ended, if
    /// it was the second end.
    pub(super) fn done(&mut self, id: &str, direction: Direction, now: Instant) -> Option<Ending> {
        let channel = self.channels.get_mut(id)?;
        match direction {
            Direction::Read => channel.reader = End::Done,
            Direction::Write => channel.writer = End::Done,
        }
        if channel.is_finished() {
            // Once both ends were opened, there is no expiry to remove.
            let how = Ended::by(channel.monitor.read_end().as_ref());
            self.totals.finished.add(how);
            return self.remove(id).map(|channel| channel.ending(how));
        }
        self.touch(id, now);
        None
    }

    /// Frees expired channels, notifies their open ends, and returns them.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<(String, Ending)> {
        let mut expired = Vec::new();
        while let Some(entry) = self.expiries.first_entry()
            && entry.key().0 <= now
        {
            let id = entry.remove();
            if let Some(channel) = self.remove(&id) {
                tracing::debug!(channel_id = %id, "channel expired");
                channel.stop(&Close::EXPIRED);
                self.totals.finished.add(Ended::Expired);
                let ending = channel.ending(Ended::Expired);
                expired.push((id, ending));
            }
        }
        expired
    }

    /// When [`expire`](Self::expire) is next due; not within a TTL if `None`.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.keys().next().map(|(at, _)| *at)
    }

    /// Frees all channels and notifies their open ends.
    pub(super) fn stop(&mut self) {
        self.limits.channels = 0;
        self.expiries.clear();
        self.owners.clear();
        for (_, channel) in self.channels.drain() {
            channel.stop(&Close::STOPPING);
        }
    }

    pub(super) fn count(&self, stats: &mut EngineStats) {
        stats.channels = self.channels.len();
        for channel in self.channels.values() {
            let (frames, bytes) = channel.monitor.queued();
            stats.buffered_frames += frames;
            stats.buffered_bytes += bytes;
        }
    }

    /// The totals of all channels.
    pub(super) fn totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        for channel in self.channels.values() {
            let (frames, bytes) = channel.monitor.passed();
            totals.passed.0 += frames;
            totals.passed.1 += bytes;
        }
        totals
    }

    /// Lists at most `limit` channels.
    pub(super) fn list(&mut self, limit: usize, now: Instant) -> Listing {
        let total = self.channels.len();
        let mut oldest: Vec<_> = self.channels.iter_mut().collect();
        oldest.sort_unstable_by(|(a, first), (b, second)| {
            (first.created, a).cmp(&(second.created, b))
        });
        let listed = oldest.into_iter().take(limit);
        let channels = listed
            .map(|(id, channel)| ChannelRow::new(id, channel, now))
            .collect();
        Listing { channels, total }
    }

    /// The public data of some channels, as far as they are unfinished.
    pub(super) fn look(&mut self, ids: &[String], now: Instant) -> HashMap<String, ChannelRow> {
        let look = |id: &String| {
            let channel = self.channels.get_mut(id)?;
            Some((id.clone(), ChannelRow::new(id, channel, now)))
        };
        ids.iter().filter_map(look).collect()
    }

    /// Whether the channel exists and the key of the end is right.
    pub(super) fn knows(&self, end: &StreamChannelRef) -> bool {
        let channel = self.channels.get(&end.channel_id);
        channel.is_some_and(|channel| match end.direction {
            Direction::Read => channel.keys.read == end.access_key,
            Direction::Write => channel.keys.write == end.access_key,
        })
    }

    fn remove(&mut self, id: &str) -> Option<Channel> {
        let channel = self.channels.remove(id)?;
        let (frames, bytes) = channel.monitor.passed();
        self.totals.passed.0 += frames;
        self.totals.passed.1 += bytes;
        if let Some(owned) = self.owners.get_mut(&channel.owner) {
            owned.channels -= 1;
            if owned.channels == 0 {
                self.owners.remove(&channel.owner);
            }
        }
        Some(channel)
    }

    /// Restarts the expiry of a channel with an unopened end.
    fn touch(&mut self, id: &str, now: Instant) {
        let Some(channel) = self.channels.get_mut(id) else {
            return;
        };
        if let Some(expiry) = channel.expiry.take() {
            self.expiries.remove(&expiry);
        }
        if channel.is_waiting() {
            let expiry = (later(now, self.limits.ttl), self.next);
            self.next += 1;
            channel.expiry = Some(expiry);
            self.expiries.insert(expiry, id.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
