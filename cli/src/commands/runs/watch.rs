use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Args;

use super::list::table;
use crate::engine_client::connect::Connect;
use crate::engine_client::lists::runs;
use crate::failure::Failure;
use crate::terminal::output::{print, terminal_width};
use crate::terminal::units::duration;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright runs watch
  pipewright runs watch --interval 5s >> runs.log")]
pub(super) struct Arguments {
    /// Time between two lists.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    #[command(flatten)]
    connect: Connect,
}

/// A shorter interval would mostly measure the queries.
const SHORTEST: Duration = Duration::from_millis(100);

/// Number of listed runs.
const LISTED: u64 = 20;

/// Moves to the first line of a terminal and clears what is below.
const CLEAR: &str = "\u{1b}[H\u{1b}[J";

/// Lists the runs until the program is asked to stop.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let before = if io::stdout().is_terminal() {
        CLEAR
    } else {
        ""
    };
    loop {
        let runs = runs(&worker, LISTED).await?;
        let list = table(&runs).to_text(terminal_width());
        print(&format!("{before}{list}\n"))?;
        tokio::time::sleep(arguments.interval.max(SHORTEST)).await;
    }
}
