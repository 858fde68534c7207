//! The same items in three formats: what each takes, and how fast it is.
//!
//! ```console
//! $ cargo run --release --example typed [ITEMS]
//! ```
//!
//! It prints a line a format, from an engine in the same process; the speed depends on the
//! machine, the sizes do not:
//!
//! ```text
//! 1000000 items
//! format   bytes/item   items/s   verdict
//! ndjson         72.9   1402304   complete, verified
//! bincode        29.8   2405120   complete, verified
//! ```

use std::time::Instant;

use pipewright::format::{Bincode, Decode, Encode, Format, Json};
use pipewright::{Channel, Error, Result, Worker};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    sensor: u32,
    time: u64,
    place: String,
    celsius: f64,
}

impl Reading {
    fn number(n: u64) -> Self {
        Self {
            sensor: u32::try_from(n % 1000).unwrap_or_default(),
            time: 1_700_000_000 + n,
            place: format!("hall {}", n % 7),
            celsius: 20.0 + f64::from(u32::try_from(n % 100).unwrap_or_default()) / 10.0,
        }
    }
}

/// Sends `count` items through a channel of format `F`, compares them and prints the figures.
async fn measure<F>(worker: &Worker, count: u64) -> Result<()>
where
    F: Format + Encode<Reading> + Decode<Reading>,
{
    let channel: Channel<Reading, F> = worker.channel(None).await?;
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    let begin = Instant::now();
    let sending = tokio::spawn(async move {
        for n in 0..count {
            sender.send(Reading::number(n)).await?;
        }
        sender.close().await?;
        Ok::<_, Error>(())
    });
    let mut arrived = 0;
    while let Some(reading) = receiver.recv().await? {
        if reading != Reading::number(arrived) {
            return Err(Error::msg(format!(
                "item {arrived} arrived as {reading:?}"
            )));
        }
        arrived += 1;
    }
    sending.await??;
    let seconds = begin.elapsed().as_secs_f64();

    let report = receiver.report();
    let verdict = match report.verdict {
        Some(verdict) if verdict.is_verified() => "complete, verified".to_owned(),
        other => format!("{other:?}"),
    };
    #[expect(clippy::cast_precision_loss, reason = "for people")]
    let (bytes, items) = (report.bytes as f64, report.items as f64);
    println!(
        "{:<8} {:>10.1} {:>9.0}   {verdict}",
        F::NAME,
        bytes / items,
        items / seconds
    );
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let count = match std::env::args().nth(1) {
        Some(count) => count.parse()?,
        None => 1_000_000,
    };
    let worker = Worker::embedded().await?;
    println!("{count} items\nformat   bytes/item   items/s   verdict");
    measure::<Json>(&worker, count).await?;
    measure::<Bincode>(&worker, count).await
}
