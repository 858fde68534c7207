use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use super::channel::{Channel, End, Keys};
use super::listed::{Listed, Listing};
use crate::engine::EngineStats;
use crate::transport::{PipeLimits, PipeReader, PipeWriter};
use crate::wire::{AccessKey, Close, Direction};

/// When a channel expires; the number tells channels of the same moment apart.
pub(super) type Expiry = (Instant, u64);

/// The channels that are not finished. Plain and synchronous: it is told the time.
///
/// | event | reader end | writer end | channel |
/// |---|---|---|---|
/// | `create` | waiting | waiting | expires after the TTL |
/// | `open_*` | open | open | waits for the other end, one TTL more |
/// | `done` | done | done | freed when both are; else one TTL more for an end that waits |
/// | `expire` | – | – | freed; who has an end is told |
pub(super) struct Table {
    max: usize,
    ttl: Duration,
    /// Bounded by `max`.
    channels: HashMap<String, Channel>,
    /// Channels with an end that waits, the next to expire first. Bounded by `channels`.
    expiries: BTreeMap<Expiry, String>,
    next: u64,
}

/// Why an end is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Refusal {
    /// No such channel, or the key is wrong; who asks must not learn which.
    NotFound,
    /// The end was opened before.
    Taken,
}

/// There are as many channels as there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the engine has {0} unfinished channels already; finish some, or raise the limit")]
pub(in crate::engine) struct TooMany(usize);

impl Table {
    pub(super) fn new(max: usize, ttl: Duration) -> Self {
        Self {
            max,
            ttl,
            channels: HashMap::new(),
            expiries: BTreeMap::new(),
            next: 0,
        }
    }

    /// Adds a channel; `id` has to be new.
    pub(super) fn create(
        &mut self,
        id: &str,
        keys: Keys,
        limits: PipeLimits,
        now: Instant,
    ) -> Result<(), TooMany> {
        if self.channels.len() >= self.max {
            return Err(TooMany(self.max));
        }
        let channel = Channel::new(keys, limits, now);
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
            // It has more to write than its stream will hold (`protocol.md` section 8, 15 and 24).
            // Its close may be on the way still.
            channel.monitor.spoil(Close::WRITER_CAME_BACK);
            return Err(Refusal::Taken);
        };
        self.touch(id, now);
        Ok(end)
    }

    /// An open end has ended its part of the stream.
    pub(super) fn done(&mut self, id: &str, direction: Direction, now: Instant) {
        let Some(channel) = self.channels.get_mut(id) else {
            return;
        };
        match direction {
            Direction::Read => channel.reader = End::Done,
            Direction::Write => channel.writer = End::Done,
        }
        if channel.is_finished() {
            // Nothing waits once both ends were opened, so there is no expiry to remove.
            self.channels.remove(id);
        } else {
            self.touch(id, now);
        }
    }

    /// Frees the channels whose time is over and tells whoever has an end of them.
    pub(super) fn expire(&mut self, now: Instant) {
        while let Some(entry) = self.expiries.first_entry()
            && entry.key().0 <= now
        {
            let id = entry.remove();
            if let Some(channel) = self.channels.remove(&id) {
                tracing::debug!(channel_id = %id, "channel expired");
                channel.stop(&Close::EXPIRED);
            }
        }
    }

    /// When [`expire`](Self::expire) has something to do; not before a TTL from now if `None`.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.expiries.keys().next().map(|(at, _)| *at)
    }

    /// Frees all channels and tells whoever has an end of them.
    pub(super) fn stop(&mut self) {
        self.max = 0;
        self.expiries.clear();
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

    /// What others may know of the channels, `limit` of them at the most.
    pub(super) fn list(&mut self, limit: usize, now: Instant) -> Listing {
        let total = self.channels.len();
        let mut oldest: Vec<_> = self.channels.iter_mut().collect();
        oldest.sort_unstable_by(|(a, first), (b, second)| {
            (first.created, a).cmp(&(second.created, b))
        });
        let listed = oldest.into_iter().take(limit);
        let channels = listed
            .map(|(id, channel)| Listed::new(id, channel, now))
            .collect();
        Listing { channels, total }
    }

    /// Gives a channel that waits for an end its time anew.
    fn touch(&mut self, id: &str, now: Instant) {
        let Some(channel) = self.channels.get_mut(id) else {
            return;
        };
        if let Some(expiry) = channel.expiry.take() {
            self.expiries.remove(&expiry);
        }
        if channel.is_waiting() {
            let expiry = (now + self.ttl, self.next);
            self.next += 1;
            channel.expiry = Some(expiry);
            self.expiries.insert(expiry, id.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Poll;
    use std::time::{Duration, Instant};

    use tokio_test::{assert_pending, assert_ready, task};

    use super::{Keys, Refusal, Table, TooMany};
    use crate::engine::EngineStats;
    use crate::transport::{PipeLimits, PipeReader, PipeWriter, Popped};
    use crate::wire::{AccessKey, Close, Direction};

    const TTL: Duration = Duration::from_secs(300);
    const SECOND: Duration = Duration::from_secs(1);
    const ALMOST: Duration = Duration::from_secs(299);

    fn key(key: &str) -> AccessKey {
        AccessKey::new(key)
    }

    fn table_with(ids: &[&str], now: Instant) -> Table {
        let mut table = Table::new(2, TTL);
        for id in ids {
            create(&mut table, id, now).unwrap();
        }
        table
    }

    fn create(table: &mut Table, id: &str, now: Instant) -> Result<(), TooMany> {
        let keys = Keys {
            read: key("r"),
            write: key("w"),
        };
        let limits = PipeLimits {
            frames: 4,
            bytes: 100,
        };
        table.create(id, keys, limits, now)
    }

    fn pop(reader: &mut PipeReader) -> Poll<Popped> {
        task::spawn(()).enter(|cx, _| reader.poll_pop(cx))
    }

    fn gone(writer: &mut PipeWriter) -> Poll<Close> {
        task::spawn(()).enter(|cx, _| writer.poll_gone(cx))
    }

    fn counted(table: &Table) -> EngineStats {
        let mut stats = EngineStats::default();
        table.count(&mut stats);
        stats
    }

    #[test]
    fn an_end_opens_once_and_with_its_own_key_only() {
        let now = Instant::now();
        let mut table = table_with(&["c"], now);
        let not_found = Some(Refusal::NotFound);
        assert_eq!(table.open_reader("x", &key("r"), now).err(), not_found);
        assert_eq!(table.open_reader("c", &key("w"), now).err(), not_found);
        assert_eq!(table.open_writer("c", &key("r"), now).err(), not_found);
        let _reader = table.open_reader("c", &key("r"), now).unwrap();
        let taken = Some(Refusal::Taken);
        assert_eq!(table.open_reader("c", &key("r"), now).err(), taken);
        table.done("c", Direction::Read, now);
        assert_eq!(table.open_reader("c", &key("r"), now).err(), taken);
        let _writer = table.open_writer("c", &key("w"), now).unwrap();
    }

    #[test]
    fn a_writer_that_comes_back_has_no_clean_end() {
        let now = Instant::now();
        for before_the_end in [true, false] {
            let mut table = table_with(&["c"], now);
            let mut writer = table.open_writer("c", &key("w"), now).unwrap();
            writer.push("m".into());
            let taken = Some(Refusal::Taken);
            if before_the_end {
                assert_eq!(table.open_writer("c", &key("w"), now).err(), taken);
            }
            writer.end(Close::NORMAL);
            table.done("c", Direction::Write, now);
            if !before_the_end {
                assert_eq!(table.open_writer("c", &key("w"), now).err(), taken);
            }
            let mut reader = table.open_reader("c", &key("r"), now).unwrap();
            assert_eq!(assert_ready!(pop(&mut reader)), Popped::Frame("m".into()));
            let end = Popped::End(Close::WRITER_CAME_BACK);
            assert_eq!(assert_ready!(pop(&mut reader)), end);
        }
    }

    #[test]
    fn a_finished_channel_is_forgotten_at_once() {
        let now = Instant::now();
        let mut table = table_with(&["c"], now);
        let _ends = (
            table.open_writer("c", &key("w"), now).unwrap(),
            table.open_reader("c", &key("r"), now).unwrap(),
        );
        table.done("c", Direction::Write, now);
        assert_eq!(counted(&table).channels, 1);
        table.done("c", Direction::Read, now);
        assert_eq!(counted(&table).channels, 0);
        assert_eq!(table.next_expiry(), None);
        assert_eq!(
            table.open_reader("c", &key("r"), now).err(),
            Some(Refusal::NotFound)
        );
    }

    #[test]
    fn what_a_finished_writer_left_waits_for_the_reader_one_ttl() {
        let now = Instant::now();
        let mut table = table_with(&["c"], now);
        let mut writer = table.open_writer("c", &key("w"), now).unwrap();
        writer.push("m".into());
        writer.end(Close::NORMAL);
        let done = now + ALMOST;
        table.expire(done);
        table.done("c", Direction::Write, done);
        assert_eq!(table.next_expiry(), Some(done + TTL));
        assert_eq!(counted(&table).buffered_frames, 1);
        table.expire(done + ALMOST);
        let mut reader = table.open_reader("c", &key("r"), done).unwrap();
        assert_eq!(assert_ready!(pop(&mut reader)), Popped::Frame("m".into()));
        assert_eq!(assert_ready!(pop(&mut reader)), Popped::End(Close::NORMAL));
    }

    #[test]
    fn who_waits_for_an_end_that_nobody_opens_is_told() {
        let now = Instant::now();
        let mut table = table_with(&["a", "b"], now);
        let mut reader = table.open_reader("a", &key("r"), now).unwrap();
        let mut writer = table.open_writer("b", &key("w"), now + SECOND).unwrap();
        table.expire(now + TTL);
        assert_eq!(assert_ready!(pop(&mut reader)), Popped::End(Close::EXPIRED));
        assert_pending!(gone(&mut writer));
        table.expire(now + TTL + SECOND);
        assert_eq!(assert_ready!(gone(&mut writer)), Close::EXPIRED);
        assert_eq!(counted(&table), EngineStats::default());
    }

    #[test]
    fn what_is_listed_is_the_oldest_and_has_no_key() {
        let now = Instant::now();
        let mut table = table_with(&["b"], now);
        create(&mut table, "a", now + SECOND).unwrap();
        let mut writer = table.open_writer("b", &key("w"), now).unwrap();
        writer.push("message".into());
        let listing = table.list(1, now + SECOND);
        assert_eq!(listing.total, 2);
        let expected = serde_json::json!([{
            "channel_id": "b", "writer": "open", "reader": "waiting", "age_ms": 1000,
            "frames": 0, "bytes": 0, "buffered_frames": 1, "buffered_bytes": 7,
            "capacity_frames": 4, "capacity_bytes": 100,
            "bytes_per_second": 0, "measured_ms": 1000,
        }]);
        assert_eq!(serde_json::json!(listing.channels), expected);
        assert_eq!(table.list(9, now).channels.len(), 2);
    }

    #[test]
    fn a_channel_with_both_ends_open_never_expires() {
        let now = Instant::now();
        let mut table = table_with(&["c"], now);
        let mut writer = table.open_writer("c", &key("w"), now).unwrap();
        let _reader = table.open_reader("c", &key("r"), now).unwrap();
        assert_eq!(table.next_expiry(), None);
        table.expire(now + 100 * TTL);
        assert_pending!(gone(&mut writer));
    }

    #[test]
    fn stopping_never_looks_like_a_whole_stream() {
        let now = Instant::now();
        let mut table = table_with(&["a", "b"], now);
        let mut writer = table.open_writer("a", &key("w"), now).unwrap();
        let mut reader = table.open_reader("a", &key("r"), now).unwrap();
        writer.push("m".into());
        writer.end(Close::NORMAL);
        let mut other = table.open_writer("b", &key("w"), now).unwrap();
        table.stop();
        assert_eq!(
            assert_ready!(pop(&mut reader)),
            Popped::End(Close::STOPPING)
        );
        assert_eq!(assert_ready!(gone(&mut other)), Close::STOPPING);
        assert!(create(&mut table, "c", now).is_err());
    }

    #[test]
    fn there_are_not_more_channels_than_there_may_be() {
        let now = Instant::now();
        let mut table = table_with(&["a", "b"], now);
        assert_eq!(create(&mut table, "c", now), Err(TooMany(2)));
        table.expire(now + TTL);
        assert_eq!(create(&mut table, "c", now), Ok(()));
    }
}
