//! `pipewright channel`: channels in shell pipelines.

mod create;
mod hints;
mod lines;
mod read;
mod refs;
mod write;

use clap::{Args, Subcommand};

use crate::failure::Failure;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channel create > refs
  pipewright channel read @refs > copy.bin &
  pipewright channel write @refs < original.bin")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Creates a channel and prints the refs of its two ends.
    Create(create::Arguments),
    /// Reads a stream from a channel to standard output.
    Read(read::Arguments),
    /// Writes standard input to a channel.
    Write(write::Arguments),
}

/// Creates a channel, or opens one of its ends.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        Command::Create(arguments) => create::run(arguments).await,
        Command::Read(arguments) => read::run(arguments).await,
        Command::Write(arguments) => write::run(arguments).await,
    }
}
