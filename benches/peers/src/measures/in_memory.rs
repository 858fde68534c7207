use anyhow::Result;

use super::bytes::write_and_read;
use crate::link::{alone, rate, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Bytes per round within the process, and over sockets.
const BYTES: u64 = 4 << 30;
const SOCKET_BYTES: u64 = 1 << 30;
/// Items per round.
const ITEMS: u64 = 4_000_000;

/// Channels within one process.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let ours = Ours::start()?;
    let [bytes, sockets, items, frames] = interleave(
        options.rounds(),
        [
            Box::new(|| alone(&role([&"in-memory-bytes", &options.amount(BYTES)]))),
            Box::new(|| {
                let bytes = options.amount(SOCKET_BYTES);
                let [write, read] = write_and_read(&ours, bytes)?;
                rate(&write, &read, bytes)
            }),
            Box::new(|| alone(&role([&"in-memory-items", &"ours", &options.amount(ITEMS)]))),
            Box::new(|| alone(&role([&"in-memory-items", &"mpsc", &options.amount(ITEMS)]))),
        ],
    )?;
    // Seconds per item, so that the ratio is that of the target.
    let times = |rates: &[f64]| rates.iter().map(|rate| 1e9 / rate).collect::<Vec<_>>();
    Ok(vec![
        Row::versus(
            "in-memory channel, bytes, vs. WebSocket",
            "B/s",
            &bytes,
            &sockets,
            Some(Target::AtLeast(3.0)),
        ),
        Row::versus(
            "in-memory channel, items, vs. mpsc with the same batches",
            "ns/item",
            &times(&items),
            &times(&frames),
            Some(Target::AtMost(1.3)),
        ),
    ])
}
