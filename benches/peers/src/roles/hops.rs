use std::time::Instant;

use anyhow::{Result, bail};
use pipewright::{Pipeline, Worker, pipeline_stage};

use super::Gate;
use crate::record::Record;

#[pipeline_stage]
fn pass(record: Record) -> Record {
    record
}

/// Runs a pipeline over channels with all stages in this process. Prints its duration in seconds.
pub(super) async fn run(gate: Gate, url: &str, stages: &str, items: &str) -> Result<()> {
    let worker = Worker::connect(url).await?;
    let items: u64 = items.parse()?;
    let source = Pipeline::from_iter((0..items).map(Record::new));
    let begun = Instant::now();
    let report = match stages {
        "1" => source.then(pass).start(&worker).await?.report().await,
        "2" => {
            source
                .then(pass)
                .then(pass)
                .start(&worker)
                .await?
                .report()
                .await
        }
        "4" => {
            let four = source.then(pass).then(pass).then(pass).then(pass);
            four.start(&worker).await?.report().await
        }
        "8" => {
            let four = source.then(pass).then(pass).then(pass).then(pass);
            let eight = four.then(pass).then(pass).then(pass).then(pass);
            eight.start(&worker).await?.report().await
        }
        _ => bail!("no pipeline of {stages} stages"),
    };
    report?;
    gate.say(begun.elapsed().as_secs_f64());
    Ok(())
}
