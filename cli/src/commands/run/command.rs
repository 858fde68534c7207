use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::attempt::{Complete, attempt};
use super::drive::cancelled;
use super::job::Job;
use super::output::Output;
use crate::convert::{DataFormat, ItemLimit};
use crate::engine_client::connect::Connect;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline_file::Retry;
use crate::spec::Parameter;
use crate::terminal::print_error::print_error;
use crate::terminal::signals::Signals;
use crate::terminal::units::duration;

const HELP: &str = "\
Examples:
  echo hello | pipewright run text::upper
  pipewright run --from csv --to json orders::large < orders.csv
  pipewright run 'cmd:jq -c .user' log::errors < users.ndjson
  pipewright run log::parse log::errors bytes::gzip < access.log > errors.gz
  pipewright run bytes::gzip --param bytes::gzip.level=9 -i access.log -o access.log.gz
  pipewright run --max-item-bytes 256MiB images::scale < images.ndjson
  pipewright run log::parse --report report.json < access.log > parsed
  pipewright run -f pipeline.toml < access.log > sessions.ndjson.gz

Exit status:
  0    the run is complete: every stage succeeded and everything arrived
  1    any other failure, such as a full disk
  2    the command line, a pipeline file or a parameter is invalid
  3    no engine answered, it rejected the program, or the connection was lost
  4    a stage failed, or no worker has it
  5    a stream is incomplete
  129  SIGHUP, as 130
  130  interrupted: the first signal cancels the run and waits for it, a second exits immediately
  141  the reader of standard output has closed it
  143  SIGTERM, as 130

Longer runs show progress on standard error, and every run prints a summary at the end.";

#[derive(Args)]
#[command(after_help = HELP)]
pub(crate) struct Arguments {
    /// The stages, in order: ids, or commands such as `cmd:gzip -9`.
    #[arg(value_name = "STAGE", required_unless_present = "file")]
    stages: Vec<String>,
    /// Run the pipeline in this file; `-` for standard input. Options on the command line take precedence.
    #[arg(short, long, value_name = "FILE", conflicts_with = "stages")]
    file: Option<PathBuf>,
    /// Parameter of a stage: JSON, or else a text. Repeatable.
    #[arg(short, long = "param", value_name = "STAGE.KEY=VALUE")]
    params: Vec<Parameter>,
    /// Read this file instead of standard input.
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write this file instead of standard output. It is named FILE.part until the run is complete.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the report of the run to this file, as JSON: bytes, items and times of each stage, or
    /// the error.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Format of the input [default: the one that the first stage reads: `lines` for strings,
    /// `ndjson` for other items, otherwise `bytes`].
    #[arg(long, value_enum, value_name = "FORMAT", visible_alias = "format")]
    from: Option<DataFormat>,
    /// Format of the output [default: chosen by the last stage, in the same way].
    #[arg(long, value_enum, value_name = "FORMAT")]
    to: Option<DataFormat>,
    #[command(flatten)]
    item_limit: ItemLimit,
    /// Maximum duration of the run, such as `90s` or `10min` [default: unlimited].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    deadline: Option<Duration>,
    /// Print only errors.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Runs a pipeline from the input to the output.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let job = arguments.job()?;
    let Some(path) = &arguments.report else {
        return attempts(&arguments, &job, &mut signals).await.map(drop);
    };
    // A report that cannot be written is an error before the run.
    let mut file = Output::open(Some(path)).await?;
    let ended = attempts(&arguments, &job, &mut signals).await;
    let report = match &ended {
        Ok(complete) => json!({ "state": "complete", "report": complete }),
        Err(failure) => json!({ "state": "failed", "error": failure.to_json() }),
    };
    let written = async {
        file.write(format!("{report:#}\n").into()).await?;
        file.finish().await
    };
    match (written.await, ended) {
        (_, Err(failure)) => Err(failure),
        (Err(error), Ok(_)) => Err(file.failure(&error)),
        (Ok(()), Ok(_)) => Ok(()),
    }
}

/// Runs the job, and again after a failure if it is to be retried.
async fn attempts(
    arguments: &Arguments,
    job: &Job,
    signals: &mut Signals,
) -> Result<Complete, Failure> {
    let Arguments { connect, quiet, .. } = arguments;
    let mut left = job.retry.map_or(0, |retry| retry.times);
    loop {
        let failure = match attempt(job, connect, *quiet, signals).await {
            Ok(complete) => return Ok(complete),
            Err(failure) => failure,
        };
        let Some(Retry { wait, .. }) = job.retry.filter(|_| left > 0 && may_pass(&failure)) else {
            return Err(failure);
        };
        failure.report();
        if !quiet {
            let wait = humantime::format_duration(wait);
            print_error(format_args!(
                "note: the run begins again in {wait}; tries left: {left}"
            ));
        }
        left -= 1;
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            signal = signals.next() => return Err(cancelled(signal)),
        }
    }
}

/// Whether a repetition may succeed after this failure.
fn may_pass(failure: &Failure) -> bool {
    matches!(
        failure.exit(),
        Exit::Unreachable | Exit::StageFailed | Exit::Truncated
    )
}

impl Arguments {
    fn job(&self) -> Result<Job, Failure> {
        let mut job = match &self.file {
            Some(path) => Job::of_file(path)?,
            None => Job::of_stages(self.stages.clone())?,
        };
        job.spec.set_params(self.params.clone())?;
        job.spec.max_item = self.item_limit.bytes();
        job.spec.deadline = self.deadline.or(job.spec.deadline);
        job.input = self.input.clone().or(job.input);
        job.output = self.output.clone().or(job.output);
        job.formats = (self.from, self.to);
        let is_stdin = |path: &Option<PathBuf>| path.as_deref().is_some_and(|path| path == "-");
        if is_stdin(&self.file) && (job.input.is_none() || is_stdin(&job.input)) {
            let message = "standard input has the pipeline, so the input has to be a file";
            return Err(Failure::new(Exit::Usage, message).hint("name it with `--input FILE`"));
        }
        job.can_begin_again()?;
        Ok(job)
    }
}
