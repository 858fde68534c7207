//! The same items in each format: their size and throughput.
//!
//! ```console
//! $ cargo run --release --features messagepack,postcard --example typed [ITEMS]
//! ```
//!
//! The last two formats require their features. The sizes are the same everywhere; the throughput
//! was measured on a shared machine with two cores:
//!
//! ```text
//! 1000000 items
//! format      bytes/item   items/s   verdict
//! ndjson            64.9   1427398   complete, verified
//! bincode           26.5   2541850   complete, verified
//! msgpack           54.6   1711622   complete, verified
//! postcard          25.9   3497932   complete, verified
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

/// Sends `count` items through a channel of format `F`, checks them and prints the figures.
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
    let mut number = 0;
    while let Some(reading) = receiver.recv().await? {
        if reading != Reading::number(number) {
            return Err(Error::msg(format!("item {number} arrived as {reading:?}")));
        }
        number += 1;
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
        "{:<11} {:>10.1} {:>9.0}   {verdict}",
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
    println!("{count} items\nformat      bytes/item   items/s   verdict");
    measure::<Json>(&worker, count).await?;
    measure::<Bincode>(&worker, count).await?;
    #[cfg(feature = "messagepack")]
    measure::<pipewright::format::MessagePack>(&worker, count).await?;
    #[cfg(feature = "postcard")]
    measure::<pipewright::format::Postcard>(&worker, count).await?;
    Ok(())
}
