//! `pipewright stages`.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{self, Entry, Stage};
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::table::{Column, Table};

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright stages
  pipewright stages --output json | jq -r '.stages[].id'

A function is listed if its metadata describes a stage, as that of pipewright stages does. Other
functions are listed by `pipewright functions` and can be run as stages as well.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
}

/// Lists the functions that can be used as stages.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let functions = lists::functions(&worker).await?;
    let mut table = Table::new([
        Column::text("STAGE"),
        Column::optional("NAMESPACE"),
        Column::text("KIND"),
        Column::text("IN"),
        Column::text("OUT"),
        Column::text("WORKER"),
        Column::text("DESCRIPTION"),
    ]);
    let mut listed = Vec::new();
    for function in &functions.entries {
        let Some(stage) = Stage::of(function) else {
            continue;
        };
        listed.push(as_json(function));
        table.push([
            function.text("function_id").to_owned(),
            function.namespace(),
            stage.kind,
            stage.input,
            stage.output,
            function.worker().to_owned(),
            function.text("description").to_owned(),
        ]);
    }
    let none = "no stage is registered at this engine; `pipewright functions` lists the rest";
    arguments
        .output
        .write(&json!({ "stages": listed }), &table, none)?;
    functions.note_left_out();
    Ok(())
}

/// The stage as an object: its metadata and its worker.
fn as_json(function: &Entry) -> Value {
    let mut stage = Map::new();
    stage.insert("id".to_owned(), function.text("function_id").into());
    for name in ["kind", "input", "output"] {
        if let Some(value) = function
            .get("metadata")
            .and_then(|metadata| metadata.get(name))
        {
            stage.insert(name.to_owned(), value.clone());
        }
    }
    for name in [
        "description",
        "worker_id",
        "worker_name",
        "namespace",
        "calls",
    ] {
        if let Some(value) = function.get(name) {
            stage.insert(name.to_owned(), value.clone());
        }
    }
    stage.into()
}
