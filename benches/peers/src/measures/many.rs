use anyhow::Result;

use crate::link::{rate, role};
use crate::options::Options;
use crate::ours::Ours;
use crate::rounds::interleave;
use crate::row::{Row, Target};

/// Bytes per round, over all channels together.
const BYTES: u64 = 2 << 30;

/// One channel, and many at once: their total throughput.
pub(crate) fn measure(options: &Options) -> Result<Vec<Row>> {
    let ours = Ours::start()?;
    let directory = tempfile::tempdir()?;
    let (writers, readers) = (directory.path().join("w"), directory.path().join("r"));
    let through = |channels: u32| {
        ours.channels(channels as usize, &writers, &readers)?;
        let each = options.amount(BYTES) / u64::from(channels) / (64 << 10) * (64 << 10);
        let write = role([&"many-write", &ours.url, &writers.to_string_lossy(), &each]);
        let read = role([&"many-read", &ours.url, &readers.to_string_lossy()]);
        rate(&write, &read, each * u64::from(channels))
    };
    let rates = interleave(
        options.rounds(),
        [
            Box::new(|| through(1)),
            Box::new(|| through(10)),
            Box::new(|| through(100)),
            Box::new(|| through(1000)),
        ],
    )?;
    let best: Vec<f64> = (0..rates[0].len())
        .map(|round| rates.iter().map(|rates| rates[round]).fold(0.0, f64::max))
        .collect();
    let rows = [1, 10, 100, 1000]
        .into_iter()
        .zip(&rates)
        .map(|(channels, rates)| {
            let name = format!("{channels} concurrent channels, vs. the best of 1 to 1000");
            let target = (channels == 1000).then_some(Target::AtLeast(0.8));
            Row::versus(name, "B/s", rates, &best, target)
        });
    Ok(rows.collect())
}
