//! The program `pipewright`: pipelines of the crate `pipewright` from a shell.
//!
//! `cargo install pipewright-cli` installs it; `pipewright --help` lists its commands. As a library
//! this package has one function, [`run`], which the program's `main` calls. It has no other API.
//!
//! Each command is a file or a folder. Data goes to standard output, messages to standard error.
//!
//! # Cargo features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `otlp` | no | spans are exported by OTLP over HTTP |

mod command;
mod commands;
mod convert;
mod engine_client;
mod exit;
mod failure;
mod log;
mod parse;
mod pipeline_file;
mod serve;
mod source;
mod spec;
mod terminal;
mod up;

/// Access to private items for the fuzz targets in `fuzz/`. Compiled with `--cfg fuzzing` only; not
/// part of the API.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    use std::path::Path;

    use crate::pipeline_file::PipelineFile;

    /// Whether the text of a pipeline file describes a pipeline.
    pub fn is_pipeline(text: &str) -> bool {
        PipelineFile::parse(text.to_owned(), Path::new("a.toml")).is_ok()
    }
}

use std::io::{self, IsTerminal};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use failure::Failure;

/// Streams between workers, over WebSocket channels.
#[derive(Parser)]
#[command(name = "pipewright", version, arg_required_else_help = true, after_help = HELP)]
struct Arguments {
    #[command(flatten)]
    log: log::Settings,
    #[command(subcommand)]
    command: Command,
}

/// Appended to the help of the program.
const HELP: &str = "\
Examples:
  pipewright engine &
  pipewright stages
  pipewright run log::parse log::errors bytes::gzip < access.log > errors.gz
  pipewright channel create > refs
  pipewright channel read @refs > copy &
  pipewright channel write @refs < original

Exit status:
  0    success; a stream was complete
  1    any other failure
  2    the command line, a file or a parameter is invalid
  3    no engine answered, it rejected the program, or the connection was lost
  4    a stage or a function failed, or no worker has it; a stream was aborted
  5    a stream is incomplete
  129  SIGHUP
  130  interrupted
  141  the reader of standard output has closed it
  143  SIGTERM

Data goes to standard output, everything else to standard error.";

#[derive(Subcommand)]
enum Command {
    /// Measures an engine: bytes, items, latency, calls, channels.
    Bench(commands::bench::Arguments),
    /// Creates channels, reads from them and writes to them.
    Channel(commands::channel::Arguments),
    /// Lists unfinished channels with fill level and rate.
    Channels(commands::channels::Arguments),
    /// Checks whether a pipeline file can be run.
    Check(commands::check::Arguments),
    /// Prints a completion script for a shell.
    Completions(commands::completions::Arguments),
    /// Shows what a stage takes and gives, and its parameters.
    Describe(commands::describe::Arguments),
    /// Runs an engine for workers on this machine.
    Engine(commands::engine::command::Arguments),
    /// Lists registered functions.
    Functions(commands::functions::Arguments),
    /// Draws the pipeline of a file.
    Graph(commands::graph::Arguments),
    /// Writes the manual pages.
    Man(commands::man::Arguments),
    /// Creates a worker project with a stage and a test.
    New(commands::new::Arguments),
    /// Runs a pipeline: standard input through stages of any worker to standard output.
    Run(commands::run::Arguments),
    /// Lists runs, and shows their stages and edges.
    Runs(commands::runs::Arguments),
    /// Serves a command as a stage of any worker's pipelines.
    Serve(serve::Arguments),
    /// Lists the stages that pipelines can use.
    Stages(commands::stages::Arguments),
    /// Shows channels, functions and workers live.
    Top(commands::top::Arguments),
    /// Calls a function and prints its result.
    Trigger(commands::trigger::Arguments),
    /// Starts an engine and the workers of a file, and runs its pipeline.
    Up(up::Arguments),
    /// Lists connected workers.
    Workers(commands::workers::Arguments),
}

/// Parses the arguments of this process, runs the command, and reports a failure on standard error.
///
/// It returns the exit status that `pipewright --help` documents. For `--help`, `--version` and a
/// command line that cannot be parsed, it ends the process instead.
pub fn run() -> ExitCode {
    let Arguments { log, command } = match parse::parse() {
        Ok(arguments) => arguments,
        Err(failure) => {
            failure.report();
            return failure.exit().into();
        }
    };
    // Log lines would interrupt the drawing.
    let is_drawn = matches!(command, Command::Top(_)) && io::stderr().is_terminal();
    let (log, outcome) = match log.begin(is_drawn) {
        Ok(log) => (Some(log), carry_out(command)),
        Err(failure) => (None, Err(failure)),
    };
    let code = match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit().into()
        }
    };
    if let Some(log) = log {
        log.end();
    }
    code
}

fn carry_out(command: Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let outcome = runtime.block_on(async {
        terminal::signals::exit_on_signal()?;
        match command {
            Command::Bench(arguments) => commands::bench::run(arguments).await,
            Command::Channel(arguments) => commands::channel::run(arguments).await,
            Command::Channels(arguments) => commands::channels::run(arguments).await,
            Command::Check(arguments) => commands::check::run(arguments).await,
            Command::Completions(arguments) => commands::completions::run(&arguments),
            Command::Describe(arguments) => commands::describe::run(arguments).await,
            Command::Engine(arguments) => commands::engine::command::run(arguments).await,
            Command::Functions(arguments) => commands::functions::run(arguments).await,
            Command::Graph(arguments) => commands::graph::run(&arguments).await,
            Command::Man(arguments) => commands::man::run(&arguments),
            Command::New(arguments) => commands::new::run(&arguments),
            Command::Run(arguments) => commands::run::run(arguments).await,
            Command::Runs(arguments) => commands::runs::run(arguments).await,
            Command::Serve(arguments) => serve::run(arguments).await,
            Command::Stages(arguments) => commands::stages::run(arguments).await,
            Command::Top(arguments) => commands::top::run(arguments).await,
            Command::Trigger(arguments) => commands::trigger::run(arguments).await,
            Command::Up(arguments) => up::run(arguments).await,
            Command::Workers(arguments) => commands::workers::run(arguments).await,
        }
    });
    #[cfg(unix)]
    command::wait_for_all();
    // A thread that waits for standard input would keep the program alive until a line arrives.
    runtime.shutdown_background();
    outcome
}
