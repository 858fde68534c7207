//! The commands of the program, one file a command. Data goes to standard output, talk to
//! standard error.

mod check;
mod connect;
mod draft;
mod engine;
mod exit;
mod failure;
mod graph;
mod known;
mod limits;
mod pipeline_file;
mod run;
mod signals;
mod similar;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use failure::Failure;

/// Streams between workers, over WebSocket channels.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Says whether a pipeline file can be run, and if not why.
    Check(check::Arguments),
    /// Runs an engine that workers on this machine connect to.
    Engine(engine::Arguments),
    /// Draws the pipeline in a file.
    Graph(graph::Arguments),
    /// Runs a pipeline: standard input through stages of any worker to standard output.
    Run(run::Arguments),
}

/// Carries out what the command line asks for.
pub(crate) fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match carry_out(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report();
            failure.exit().into()
        }
    }
}

fn carry_out(arguments: Arguments) -> Result<(), Failure> {
    let runtime = tokio::runtime::Runtime::new()?;
    let done = runtime.block_on(async {
        match arguments.command {
            Command::Check(arguments) => check::run(arguments).await,
            Command::Engine(arguments) => engine::run(arguments).await,
            Command::Graph(arguments) => graph::run(&arguments).await,
            Command::Run(arguments) => run::run(arguments).await,
        }
    });
    // A read of standard input may wait for ever.
    runtime.shutdown_background();
    done
}
