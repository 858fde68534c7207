//! The commands of the program, one file a command. Data goes to standard output, talk to
//! standard error.

mod channel;
mod channels;
mod connect;
mod draft;
mod engine;
mod exit;
mod failure;
mod functions;
mod known;
mod lists;
mod output;
mod run;
mod seconds;
mod signals;
mod similar;
mod source;
mod stages;
mod stdout;
mod table;
mod trigger;
mod units;
mod workers;

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
    /// Makes channels, reads from them and writes into them.
    Channel(channel::Arguments),
    /// Lists the channels that are not finished: how full and how fast they are.
    Channels(channels::Arguments),
    /// Runs an engine that workers on this machine connect to.
    Engine(engine::Arguments),
    /// Lists the functions that workers have registered.
    Functions(functions::Arguments),
    /// Runs a pipeline: standard input through stages of any worker to standard output.
    Run(run::Arguments),
    /// Lists the stages that pipelines can be made of.
    Stages(stages::Arguments),
    /// Calls a function and prints its result.
    Trigger(trigger::Arguments),
    /// Lists the workers that are connected.
    Workers(workers::Arguments),
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
    let outcome = runtime.block_on(async {
        match arguments.command {
            Command::Channel(arguments) => channel::run(arguments).await,
            Command::Channels(arguments) => channels::run(arguments).await,
            Command::Engine(arguments) => engine::run(arguments).await,
            Command::Functions(arguments) => functions::run(arguments).await,
            Command::Run(arguments) => run::run(arguments).await,
            Command::Stages(arguments) => stages::run(arguments).await,
            Command::Trigger(arguments) => trigger::run(arguments).await,
            Command::Workers(arguments) => workers::run(arguments).await,
        }
    });
    // A thread that waits for standard input would hold the program until a line comes.
    runtime.shutdown_background();
    outcome
}
