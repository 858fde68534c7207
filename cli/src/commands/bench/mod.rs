//! `pipewright bench`.

mod measure;
mod report;
mod times;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pipewright::{Engine, Worker};

use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::units::duration;
use report::Report;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright bench --embedded
  pipewright bench --url ws://10.0.0.7:49134 --time 5s --json results.json

Both ends of every stream are in this program, so the results include the engine and this client.
Nothing else should run at the same time.")]
pub(crate) struct Arguments {
    /// Measure an embedded engine over loopback, instead of the one at the URL.
    #[arg(long)]
    embedded: bool,
    /// Duration of each of the five measurements.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    time: Duration,
    /// Also write the results to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    connect: Connect,
}

/// Measures an engine.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    if arguments.time < Duration::from_millis(1) {
        let told = "nothing can be measured in less than a millisecond";
        return Err(
            Failure::new(Exit::Usage, told).hint("give each measurement a second: `--time 1s`")
        );
    }
    let (engine, worker) = if arguments.embedded {
        let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
        let url = engine.url().cloned();
        let url = url.ok_or_else(|| pipewright::Error::msg("the engine does not listen"))?;
        (Some(engine), Worker::connect(url).await?)
    } else {
        (None, arguments.connect.worker().await?)
    };
    let mut report = Report::of(worker.address().to_string(), arguments.time);
    let measured = measure_all(&worker, arguments.time, &mut report).await;
    if let Err(failure) = &measured {
        report.failed = Some(failure.to_string());
    }
    let ended = worker.shutdown().await;
    if let Some(engine) = engine {
        engine.shutdown().await;
    }
    // Keeps the results when a later part has failed.
    if let Some(path) = &arguments.json {
        let json = serde_json::to_string_pretty(&report)?;
        fs::write(path, json + "\n").map_err(|error| {
            let told = format!("cannot write {}: {error}", path.display());
            Failure::new(Exit::Failure, told).hint("choose a file that you may write")
        })?;
    }
    arguments.output.write(&report, &report.table(), "")?;
    measured?;
    Ok(ended?)
}

/// Fills in the report, one measurement after another.
async fn measure_all(worker: &Worker, time: Duration, report: &mut Report) -> Result<(), Failure> {
    report.bytes = Some(measure::bytes(worker, time).await?);
    report.items = Some(measure::items(worker, time).await?);
    report.latency = Some(measure::latency(worker, time).await?);
    report.calls = Some(measure::calls(worker, time).await?);
    report.channels = Some(measure::channels(worker, time).await?);
    Ok(())
}
