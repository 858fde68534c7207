//! `pipewright runs`: the runs that an engine knows.

mod describe;
mod list;
mod watch;

use clap::{Args, Subcommand};

use crate::failure::Failure;

#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "\
Examples:
  pipewright runs
  pipewright runs describe 7
  pipewright runs watch
  pipewright runs --output json | jq -r '.runs[] | select(.state == \"failed\").run'

Running runs are listed first, each group with the newest first. The engine remembers the last
finished runs. An engine without its dashboard (`--no-dashboard`) knows no runs."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::ListArguments,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the stages, edges and errors of one run.
    Describe(describe::Arguments),
    /// Lists the runs; the default.
    #[command(after_help = "\
Examples:
  pipewright runs list
  pipewright runs list --limit 100")]
    List(list::ListArguments),
    /// Lists the runs repeatedly until the program is interrupted.
    Watch(watch::Arguments),
}

/// Shows runs.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
        None => list::run(arguments.list).await,
        Some(Command::List(arguments)) => list::run(arguments).await,
        Some(Command::Describe(arguments)) => describe::run(arguments).await,
        Some(Command::Watch(arguments)) => watch::run(arguments).await,
    }
}
