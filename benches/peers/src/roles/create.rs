use std::time::Instant;

use anyhow::Result;
use pipewright::Worker;

use super::Gate;

/// Creates channels one after another. Prints the rate per second.
pub(super) async fn create(gate: Gate, url: &str, channels: &str) -> Result<()> {
    let channels: u32 = channels.parse()?;
    let worker = Worker::connect(url).await?;
    let begun = Instant::now();
    for _ in 0..channels {
        worker.create_channel(None).await?;
    }
    gate.say(f64::from(channels) / begun.elapsed().as_secs_f64());
    Ok(())
}
