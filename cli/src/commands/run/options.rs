use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use pipewright::Address;
use serde_json::json;

use super::attempt::{Complete, attempt};
use super::drive::cancelled;
use super::job::Job;
use super::output::Output;
use crate::convert::{DataFormat, ItemLimit};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::pipeline_file::Retry;
use crate::spec::Parameter;
use crate::terminal::print_error::print_error;
use crate::terminal::signals::Signals;
use crate::terminal::units::duration;

/// How a pipeline is run, from which input to which output.
#[derive(Args)]
pub(crate) struct Options {
    /// Parameter of a stage: JSON, or else a string. Repeatable.
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
    /// Run again from the beginning after a failure, at most this many times. Requires files as
    /// input and output.
    #[arg(long, value_name = "COUNT")]
    retry: Option<u32>,
    /// Delay before the first repetition; it doubles each time, up to 5 min [default: 1s].
    #[arg(long, value_name = "TIME", value_parser = duration)]
    retry_wait: Option<Duration>,
    /// Print only errors: no progress, no messages of stages, no summary.
    #[arg(short, long)]
    quiet: bool,
}

impl Options {
    /// Applies the options, which take precedence over those in the file. `uses_stdin` states
    /// whether the file was read from standard input.
    pub(crate) fn apply(&self, mut job: Job, uses_stdin: bool) -> Result<Job, Failure> {
        job.spec.set_params(self.params.clone())?;
        job.spec.max_item = self.item_limit.bytes();
        job.spec.deadline = self.deadline.or(job.spec.deadline);
        job.input = self.input.clone().or(job.input);
        job.output = self.output.clone().or(job.output);
        job.formats = (self.from, self.to);
        job.retry = self.retry_of(job.retry);
        let is_stdin = job.input.as_deref().is_none_or(|path| path == "-");
        if uses_stdin && is_stdin {
            let message = "standard input has the pipeline, so the input has to be a file";
            return Err(Failure::new(Exit::Usage, message).hint("name it with `--input FILE`"));
        }
        job.can_begin_again()?;
        Ok(job)
    }

    /// The repetitions of a job, with those of its file.
    fn retry_of(&self, file: Option<Retry>) -> Option<Retry> {
        let times = self.retry.or(file.map(|retry| retry.times))?;
        let wait = self.retry_wait.or(file.map(|retry| retry.wait));
        Some(Retry {
            times,
            wait: wait.unwrap_or(Retry::WAIT),
        })
    }

    /// Whether only errors are printed.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// Runs a job at the engine at `address`, and writes its report if one is wanted.
    pub(crate) async fn run(
        &self,
        job: &Job,
        address: &Address,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        let Some(path) = &self.report else {
            return self.attempts(job, address, signals).await.map(drop);
        };
        // A report that cannot be written is an error before the run.
        let mut file = Output::open(Some(path)).await?;
        let ended = self.attempts(job, address, signals).await;
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
        &self,
        job: &Job,
        address: &Address,
        signals: &mut Signals,
    ) -> Result<Complete, Failure> {
        let quiet = self.quiet;
        let mut left = job.retry.map_or(0, |retry| retry.times);
        let mut wait = job.retry.map_or(Retry::WAIT, |retry| retry.wait);
        loop {
            let failure = match attempt(job, address, quiet, signals).await {
                Ok(complete) => return Ok(complete),
                Err(failure) => failure,
            };
            if left == 0 || !may_pass(&failure) {
                return Err(failure);
            }
            failure.report();
            if !quiet {
                let shown = humantime::format_duration(wait);
                print_error(format_args!(
                    "note: the run is repeated in {shown}; attempts left: {left}"
                ));
            }
            left -= 1;
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                signal = signals.next() => return Err(cancelled(signal)),
            }
            wait = wait.saturating_mul(2).min(Retry::MAX_WAIT.max(wait));
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
