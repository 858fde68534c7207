use clap::Args;
use serde_json::json;

use super::list::time;
use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{Entry, MOST_RUNS, node_at, runs};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::output::{Output, print, print_json, terminal_width};
use crate::terminal::table::{Column, Table, sanitized};
use crate::terminal::units;

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright runs describe 7
  pipewright runs describe 7 --output json | jq .run.edges")]
pub(super) struct Arguments {
    /// The number of the run, as `pipewright runs` lists it.
    #[arg(value_name = "RUN")]
    run: u64,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    connect: Connect,
}

/// Shows one run.
pub(super) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let runs = runs(&worker, MOST_RUNS).await?;
    let is_it = |entry: &&Entry| entry.number("run") == Some(arguments.run);
    let Some(run) = runs.listed.iter().find(is_it) else {
        let told = format!("the engine knows no run {}", arguments.run);
        return Err(Failure::new(Exit::Failure, told)
            .hint("`pipewright runs` lists them; the engine forgets the oldest"));
    };
    let errors: Vec<_> = runs.errors.iter().filter(is_it).collect();
    if arguments.output.is_json() {
        return print_json(&json!({ "run": run, "errors": errors }));
    }
    let mut text = format!("run {}: {}", arguments.run, sanitized(run.text("state")));
    if let Some(time) = time(run) {
        text = format!("{text}, {}", units::age(time));
    }
    for field in ["name", "trace"] {
        if let Some(value) = run.get(field).and_then(|value| value.as_str()) {
            text = format!("{text}\n{field}: {}", sanitized(value));
        }
    }
    let width = terminal_width();
    let nodes = run.entries("nodes");
    text = format!("{text}\n\n{}", node_table(&nodes).to_text(width));
    let edges = edge_table(&run.entries("edges"), &nodes);
    if !edges.is_empty() {
        text = format!("{text}\n{}", edges.to_text(width));
    }
    for error in errors {
        let message = sanitized(error.text("message"));
        text = format!(
            "{text}\nerror: {message} ({})\n",
            sanitized(error.text("code"))
        );
    }
    Ok(print(&text)?)
}

fn node_table(nodes: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::text("STAGE"),
        Column::text("STATE"),
        Column::number("IN"),
        Column::number("OUT"),
        Column::text("WORKER"),
        Column::optional("ERROR"),
    ]);
    for node in nodes {
        table.push([
            node.text("name").to_owned(),
            node.text("state").to_owned(),
            node.count("items_in"),
            node.count("items_out"),
            node.text("worker").to_owned(),
            node.text("error").to_owned(),
        ]);
    }
    table
}

fn edge_table(edges: &[Entry], nodes: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::text("FROM"),
        Column::text("TO"),
        Column::text("STATE"),
        Column::number("PASSED"),
        Column::number("RATE"),
        Column::number("FULL"),
        Column::text("CHANNEL"),
    ]);
    // An end outside of any call is held by the worker that created the channel.
    let end = |edge: &Entry, side: &str| {
        node_at(nodes, edge, side)
            .map_or(edge.text("worker"), |node| node.text("name"))
            .to_owned()
    };
    for edge in edges {
        table.push([
            end(edge, "from"),
            end(edge, "to"),
            edge.text("state").to_owned(),
            edge.number("bytes").map_or("-".to_owned(), units::bytes),
            edge.number("bytes_per_second")
                .map_or("-".to_owned(), units::rate),
            edge.number("fill")
                .map_or("-".to_owned(), |fill| format!("{}%", fill.min(100))),
            edge.text("channel_id").to_owned(),
        ]);
    }
    table
}
