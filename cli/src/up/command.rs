use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pipewright::Address;

use super::engine::Engine;
use super::stages::registered;
use super::worker::Ended;
use super::workers::Workers;
use crate::commands::run::{Job, Options, cancelled};
use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline_file::PipelineFile;
use crate::terminal::output::print;
use crate::terminal::print_error::print_error;
use crate::terminal::signals::Signals;
use crate::terminal::units::duration;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright up pipeline.toml < access.log > sessions.ndjson
  pipewright up workers.toml --listen 127.0.0.1:49134
  pipewright up pipeline.toml --url ws://10.0.0.7:49134 --token-file token
  pipewright up pipeline.toml --report report.json -i in.ndjson -o out.ndjson

A file with workers:
  [[worker]]
  name = \"words\"
  command = [\"python3\", \"words.py\"]
  env = { LEVEL = \"info\" }
  restart = \"on-failure\"

  [[steps]]
  stage = \"words::count\"

If no engine is named, one is started on a free port of this machine, with the token in
PIPEWRIGHT_TOKEN or else a new one. The workers find it by III_URL and III_TOKEN, and programs such
as this one by PIPEWRIGHT_ENGINE_URL and PIPEWRIGHT_TOKEN.

The output of the workers goes to standard error, each line after the name of its worker. The
pipeline runs once all of its stages are registered. Without steps, the workers are served until
Ctrl-C, or until all of them have ended.

At the end, the workers receive SIGTERM, and SIGKILL after the grace period; then the engine ends.
The exit status is that of `pipewright run`.")]
pub(crate) struct Arguments {
    /// The pipeline file; `-` for standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Address of the engine that is started, if none is named.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: String,
    /// How long to wait until the stages of the pipeline are registered.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    wait: Duration,
    /// How long the workers may take to end.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    grace: Duration,
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    connect: Connect,
}

/// Starts the workers of a file, runs its pipeline, and stops the workers.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let mut file = PipelineFile::open(&arguments.file)?;
    let specs = std::mem::take(&mut file.workers);
    let job = if file.spec.steps.is_empty() {
        None
    } else {
        let uses_stdin = arguments.file.as_os_str() == "-";
        Some(arguments.options.apply(Job::of_file(file), uses_stdin)?)
    };
    let engine = Engine::find(&arguments.connect, arguments.listen.clone()).await?;
    let ready = format!("engine ready at {}", engine.url());
    match &job {
        None => print(&format!("{ready}\n"))?,
        // Standard output is for the data.
        Some(_) if engine.is_own() && !arguments.options.is_quiet() => print_error(ready),
        Some(_) => {}
    }
    let mut workers = Workers::start(specs, &engine.environment());
    let ended = match &job {
        Some(job) => {
            pipeline(
                &arguments,
                job,
                engine.address(),
                &mut workers,
                &mut signals,
            )
            .await
        }
        None => serve(&mut workers, &mut signals).await,
    };
    workers.stop(arguments.grace, &mut signals).await;
    engine.shutdown().await;
    ended
}

/// Runs the pipeline once its stages are registered.
async fn pipeline(
    arguments: &Arguments,
    job: &Job,
    address: &Address,
    workers: &mut Workers,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let ids = job.stage_ids();
    tokio::select! {
        done = registered(address, &ids, arguments.wait, workers) => done?,
        signal = signals.next() => return Err(cancelled(signal)),
    }
    let mut running = std::pin::pin!(arguments.options.run(job, address, signals));
    loop {
        tokio::select! {
            ended = &mut running => return ended,
            Some(ended) = workers.next_ended() => note(&ended),
        }
    }
}

/// Waits until a signal arrives or all workers have ended.
async fn serve(workers: &mut Workers, signals: &mut Signals) -> Result<(), Failure> {
    let mut failed = None;
    loop {
        tokio::select! {
            _ = signals.next() => return Ok(()),
            ended = workers.next_ended() => match ended {
                Some(ended) => {
                    note(&ended);
                    failed = Some(ended).filter(|ended| !ended.is_success).or(failed);
                }
                None => break,
            }
        }
    }
    match failed {
        None => Ok(()),
        Some(ended) => {
            let message = format!("every worker has ended; {ended}");
            Err(Failure::new(Exit::StageFailed, message)
                .hint("see its output above; `restart = \"on-failure\"` starts it again"))
        }
    }
}

fn note(ended: &Ended) {
    print_error(format_args!("note: {ended}"));
}
