use std::time::Duration;

use clap::Args;

use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{Entry, Runs, runs};
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::table::{Column, Table};
use crate::terminal::units;

#[derive(Args)]
pub(super) struct ListArguments {
    /// Maximum number of runs.
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=200))]
    limit: u64,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    connect: Connect,
}

/// Lists the runs.
pub(super) async fn run(arguments: ListArguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let runs = runs(&worker, arguments.limit).await?;
    let none = "this engine has seen no run";
    arguments.output.write(&runs.answer, &table(&runs), none)
}

/// Runs as a table.
pub(super) fn table(runs: &Runs) -> Table {
    let mut table = Table::new([
        Column::number("RUN"),
        Column::text("STATE"),
        Column::number("TIME"),
        Column::number("BYTES"),
        Column::number("RATE"),
        Column::optional("NAME"),
        Column::text("STAGES"),
    ]);
    for run in &runs.listed {
        // An edge passes what its stage has made; the widest shows how much has moved.
        let widest = |field: &str| {
            let edges = run.entries("edges");
            edges.iter().filter_map(|edge| edge.number(field)).max()
        };
        table.push([
            run.count("run"),
            run.text("state").to_owned(),
            time(run).map_or("-".to_owned(), units::age),
            widest("bytes").map_or("-".to_owned(), units::bytes),
            widest("bytes_per_second").map_or("-".to_owned(), units::rate),
            run.text("name").to_owned(),
            stages(run),
        ]);
    }
    table
}

/// The duration of the run so far, or in total once it has ended.
pub(super) fn time(run: &Entry) -> Option<Duration> {
    let millis = run.number("took_ms").or_else(|| run.number("age_ms"))?;
    Some(Duration::from_millis(millis))
}

/// The names of the stages.
fn stages(run: &Entry) -> String {
    let nodes = run.entries("nodes");
    let calls = nodes
        .iter()
        .filter(|node| node.get("function_id").is_some());
    let names: Vec<_> = calls.map(|node| node.text("name").to_owned()).collect();
    names.join(" > ")
}
