use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use futures::{FutureExt, Stream, StreamExt};
use pipewright::{ConnectionState, RunError, Worker};

use super::drive::{Stopped, drive};
use super::figures::Figures;
use super::input::Input;
use super::output::Output;
use super::progress::Display;
use super::summary::Summary;
use crate::cli::connect::Connect;
use crate::cli::draft::{Draft, Parameter, StreamFormat};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::known::Known;
use crate::cli::signals::Signals;

const EXAMPLES: &str = "\
Examples:
  The errors of a log, compressed, through stages of any worker of the engine:
    pipewright run log::parse log::errors bytes::gzip < access.log > errors.gz

  The same with a parameter; a run that fails leaves no errors.gz:
    pipewright run log::parse log::errors bytes::gzip --param bytes::gzip.level=9 \\
        --input access.log --output errors.gz

Exit status:
    0  the run is complete: every stage ended well and everything has arrived
    1  a failure of its own kind, a full disk for one
    2  the command line, a pipeline file or a parameter is wrong
    3  there is no engine at the address, it turned the program away, or it went away
    4  a stage failed, or no worker has it
    5  a stream is not whole
  130  cancelled, by Ctrl-C for one
  141  whoever read standard output has gone";

#[derive(Args)]
#[command(after_long_help = EXAMPLES, after_help = "`--help` has examples and the exit status.")]
pub(in crate::cli) struct Arguments {
    /// The ids of the stages, first to last.
    #[arg(value_name = "STAGE", required = true)]
    stages: Vec<String>,
    /// A parameter of a stage: JSON, or else a text. May be given several times.
    #[arg(short, long = "param", value_name = "STAGE.KEY=VALUE")]
    params: Vec<Parameter>,
    /// Read this file instead of standard input.
    #[arg(short, long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write this file instead of standard output. It is FILE.part until the run is complete.
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// What the input is made of.
    #[arg(long, value_enum, default_value_t)]
    format: StreamFormat,
    /// How long the run may take, such as `90s` or `10min`; as long as it takes unless told.
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    deadline: Option<Duration>,
    /// Tell nothing but errors.
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    connect: Connect,
}

/// Runs a pipeline from the input to the output.
pub(in crate::cli) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let mut draft = Draft::chain(arguments.stages);
    draft.format = arguments.format;
    draft.deadline = arguments.deadline;
    draft.set_params(arguments.params)?;
    let input = Input::open(arguments.input.as_deref()).await?;
    let worker = tokio::select! {
        worker = arguments.connect.worker() => worker?,
        () = signals.next() => return Err(Stopped::cancelled()),
    };
    // An engine that lists nothing tells of a missing stage when it is called.
    if let Ok(known) = Known::ask(&worker).await {
        known.check(draft.stage_ids())?;
    }
    let mut output = Output::open(arguments.output.as_deref()).await?;
    carry_out(
        draft,
        input,
        &mut output,
        arguments.quiet,
        &worker,
        &mut signals,
    )
    .await
    .map_err(|failure| output.explain(failure))
}

async fn carry_out(
    draft: Draft,
    input: Input,
    output: &mut Output,
    quiet: bool,
    worker: &Worker,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let mut states = worker.states();
    let ids = draft.stage_ids().map(str::to_owned).collect();
    let figures = RefCell::new(Figures::new(&input, ids));
    let run = draft.assemble(input).start(worker).await?;
    let data_on_terminal = output.is_standard() && console::user_attended();
    let mut display = Display::new(quiet, data_on_terminal);
    let report = match drive(run, output, &figures, &mut display, signals).await {
        Ok(report) => report,
        Err(Stopped::Run(error)) if was_lost(&mut states) => return Err(engine_lost(&error)),
        Err(stopped) => return Err(stopped.into_failure(output)),
    };
    if let Err(error) = output.finish().await {
        return Err(output.failure(&error));
    }
    display.say(Summary {
        report: &report,
        stages: display.has_shown(),
        figures: &figures.borrow(),
    });
    Ok(())
}

/// Whether the connection to the engine was lost at any time since `states` was made.
fn was_lost(states: &mut (impl Stream<Item = ConnectionState> + Unpin)) -> bool {
    std::iter::from_fn(|| states.next().now_or_never().flatten())
        .any(|state| state != ConnectionState::Connected)
}

/// What every stage says of a lost engine comes down to this.
fn engine_lost(error: &RunError) -> Failure {
    let message =
        format!("the engine went away during the run, so the output is not whole: {error}");
    Failure::new(Exit::Unreachable, message)
}
