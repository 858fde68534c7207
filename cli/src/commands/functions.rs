//! `pipewright functions`.

use clap::Args;

use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{self, Entry};
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::table::{Column, Table};

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright functions
  pipewright functions --output json | jq '.functions[] | select(.calls > 0)'

CALLS counts the calls that have no answer yet.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
}

/// Lists the functions that workers have registered.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let functions = lists::functions(&worker).await?;
    let none = "no function is registered at this engine";
    let (json, table) = (functions.as_json(), table(&functions.entries));
    arguments.output.write(&json, &table, none)?;
    functions.note_left_out();
    Ok(())
}

/// Functions as a table.
pub(crate) fn table(functions: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::text("FUNCTION"),
        Column::optional("NAMESPACE"),
        Column::text("WORKER"),
        Column::number("CALLS"),
        Column::text("DESCRIPTION"),
    ]);
    for function in functions {
        table.push([
            function.text("function_id").to_owned(),
            function.namespace(),
            function.worker().to_owned(),
            function.count("calls"),
            function.text("description").to_owned(),
        ]);
    }
    table
}
