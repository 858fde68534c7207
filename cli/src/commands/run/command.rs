use std::path::PathBuf;

use clap::Args;

use super::job::Job;
use super::options::Options;
use crate::engine_client::connect::Connect;
use crate::failure::Failure;
use crate::pipeline_file::PipelineFile;
use crate::terminal::signals::Signals;

const HELP: &str = "\
Examples:
  echo hello | pipewright run text::upper
  pipewright run --from csv --to json orders::large < orders.csv
  pipewright run 'cmd:jq -c .user' log::errors < users.ndjson
  pipewright run log::parse log::errors bytes::gzip < access.log > errors.gz
  pipewright run bytes::gzip --param bytes::gzip.level=9 -i access.log -o access.log.gz
  pipewright run -i in.ndjson -o out.ndjson --retry 3 --retry-wait 5s orders::check
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
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    connect: Connect,
}

/// Runs a pipeline from the input to the output.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let (job, uses_stdin) = match &arguments.file {
        Some(path) => {
            let file = PipelineFile::open(path)?;
            file.needs_steps()?;
            (Job::of_file(file), path == "-")
        }
        None => (Job::of_stages(arguments.stages)?, false),
    };
    let job = arguments.options.apply(job, uses_stdin)?;
    let address = arguments.connect.address()?;
    arguments.options.run(&job, &address, &mut signals).await
}
