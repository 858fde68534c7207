use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Result;
use fastrand::Rng;
use pipewright::{Address, Worker};
use pipewright_bench_roles::Gate;
use tokio::task::JoinSet;

use super::sample_data::SampleData;
use super::upload::upload;
use crate::load::SourceCounts;

/// A thousand streams share two cores.
const PATIENCE: Duration = Duration::from_mins(5);

/// Streams into a sink at many places, one stream after the other at each. On the first command, it
/// lets the running streams end and prints its counts.
pub(crate) async fn stream(
    mut gate: Gate,
    url: &str,
    sink: &str,
    places: &str,
    seed: &str,
) -> Result<()> {
    let address: Address = url.parse()?;
    let worker = Worker::builder(address).call_timeout(PATIENCE);
    let worker = worker.connect().await?;
    let seed: u64 = seed.parse()?;
    let data = SampleData::new(seed);
    let enough = Arc::new(AtomicBool::new(false));
    let mut streams = JoinSet::new();
    for place in 0..places.parse::<u64>()? {
        let (worker, data, enough) = (worker.clone(), data.clone(), Arc::clone(&enough));
        let sink = sink.to_owned();
        streams.spawn(async move {
            let mut rng = Rng::with_seed(seed ^ place << 32);
            let mut counts = SourceCounts::default();
            while !enough.load(Ordering::Relaxed) {
                let stream = data.stream(&mut rng);
                let len = stream.len() as u64;
                match upload(&worker, &sink, stream, &mut rng).await {
                    Ok(receipt) if receipt.bytes == len => counts.streams += 1,
                    Ok(_) => counts.error("the sink read less or more".to_owned()),
                    Err(error) => counts.error(error),
                }
            }
            counts
        });
    }
    gate.say("");
    gate.word().await?;
    enough.store(true, Ordering::Relaxed);
    let mut all = SourceCounts::default();
    while let Some(counts) = streams.join_next().await {
        all.add(counts?);
    }
    gate.say(serde_json::to_string(&all)?);
    Ok(worker.shutdown().await?)
}
