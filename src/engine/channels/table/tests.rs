use std::task::Poll;
use std::time::{Duration, Instant};

use tokio_test::{assert_pending, assert_ready, task};

use super::{ChannelRefused, Keys, Refusal, Table};
use crate::engine::EngineStats;
use crate::engine::limits::Limits;
use crate::transport::{PipeLimits, PipeReader, PipeWriter, Popped};
use crate::wire::{AccessKey, Close, Direction};

const TTL: Duration = Duration::from_secs(300);
const SECOND: Duration = Duration::from_secs(1);
const ALMOST: Duration = Duration::from_secs(299);

fn key(key: &str) -> AccessKey {
    AccessKey::new(key)
}

fn limits() -> Limits {
    Limits {
        channels: 2,
        worker_channels: 2,
        ttl: TTL,
        ..Limits::default()
    }
}

fn table_with(ids: &[&str], now: Instant) -> Table {
    let mut table = Table::new(limits());
    for id in ids {
        create(&mut table, id, now).unwrap();
    }
    table
}

fn create(table: &mut Table, id: &str, now: Instant) -> Result<(), ChannelRefused> {
    create_by(table, "worker", id, now)
}

fn create_by(table: &mut Table, by: &str, id: &str, now: Instant) -> Result<(), ChannelRefused> {
    let keys = Keys {
        read: key("r"),
        write: key("w"),
    };
    let limits = PipeLimits {
        frames: 4,
        bytes: 100,
    };
    table.create(id, &by.into(), keys, limits, now)
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
fn data_of_a_finished_writer_waits_one_ttl() {
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
fn waiting_end_is_notified_if_the_other_is_never_opened() {
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
    assert_eq!(
        create(&mut table, "c", now),
        Err(ChannelRefused::Channels(2))
    );
    table.expire(now + TTL);
    assert_eq!(create(&mut table, "c", now), Ok(()));
}

#[test]
fn a_worker_has_a_bound_of_its_own() {
    let now = Instant::now();
    let mut table = Table::new(Limits {
        worker_channels: 1,
        ..limits()
    });
    create_by(&mut table, "a", "1", now).unwrap();
    let refused = create_by(&mut table, "a", "2", now);
    assert_eq!(refused, Err(ChannelRefused::OfWorker(1)));
    create_by(&mut table, "b", "2", now).unwrap();
    table.expire(now + TTL);
    assert!(table.owners.is_empty());
    create_by(&mut table, "a", "3", now).unwrap();
}

#[test]
fn no_channel_is_made_while_too_much_is_held() {
    let now = Instant::now();
    let mut table = Table::new(Limits {
        held_bytes: 4,
        ..limits()
    });
    create(&mut table, "1", now).unwrap();
    let mut writer = table.open_writer("1", &key("w"), now).unwrap();
    writer.push("12345".into());
    let refused = create(&mut table, "2", now);
    assert_eq!(refused, Err(ChannelRefused::Held { held: 5, limit: 4 }));
    let mut reader = table.open_reader("1", &key("r"), now).unwrap();
    assert_ready!(pop(&mut reader));
    create(&mut table, "2", now).unwrap();
}

#[test]
fn the_last_tenth_is_for_workers_with_few() {
    let now = Instant::now();
    let mut table = Table::new(Limits {
        channels: 10_000,
        worker_channels: 10_000,
        ..Limits::default()
    });
    let mut take_all = |owner: &str| {
        (0..)
            .map(|id| create_by(&mut table, owner, &format!("{owner} {id}"), now))
            .find_map(Result::err)
    };
    let reserved = |owned, left| Some(ChannelRefused::Reserved { owned, left });
    assert_eq!(take_all("greedy"), reserved(9000, 1000));
    assert_eq!(take_all("modest"), reserved(59, 941));
    // One more frame is always accepted.
    for number in 0..20 {
        take_all(&number.to_string());
    }
    create_by(&mut table, "newcomer", "n", now).unwrap();
}
