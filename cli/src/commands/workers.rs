//! `pipewright workers`.

use clap::Args;

use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{self, Entry};
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::table::{Column, Table};

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright workers
  pipewright workers --output json | jq -r '.workers[].name'

CALLS counts the calls that a worker carries out. This program itself is not listed.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
}

/// Lists connected workers.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let workers = lists::workers(&worker).await?;
    let none = "no worker is connected to this engine";
    let (json, table) = (workers.as_json(), table(&workers.entries));
    arguments.output.write(&json, &table, none)?;
    workers.note_left_out();
    Ok(())
}

/// Workers as a table.
pub(crate) fn table(workers: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::text("WORKER"),
        Column::optional("NAMESPACE"),
        Column::text("RUNTIME"),
        Column::text("VERSION"),
        Column::number("PID"),
        Column::number("FUNCTIONS"),
        Column::number("CALLS"),
        Column::text("DESCRIPTION"),
    ]);
    for listed in workers {
        table.push([
            listed.name().to_owned(),
            listed.namespace(),
            listed.text("runtime").to_owned(),
            listed.text("version").to_owned(),
            listed.count("pid"),
            listed.count("functions"),
            listed.count("calls"),
            listed.text("description").to_owned(),
        ]);
    }
    table
}
