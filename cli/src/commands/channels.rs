//! `pipewright channels`.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use crate::engine_client::connect::Connect;
use crate::engine_client::lists::{self, Channels, Entry};
use crate::failure::Failure;
use crate::terminal::output::Output;
use crate::terminal::print_error::print_error;
use crate::terminal::table::{Column, Table};
use crate::terminal::units::{self, duration};

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright channels
  pipewright channels --measure 2s
  pipewright channels --output json | jq '.channels[] | select(.reader == \"waiting\")'

RUN and EDGE are the run and the stages at both ends, for channels between stages.
An end is `waiting` to be opened, `open` or `done`. FULL is the fill level of the channel: near 100%
the reader is the slower end, near 0% the writer.")]
pub(crate) struct Arguments {
    #[command(flatten)]
    connect: Connect,
    #[command(flatten)]
    output: Output,
    /// How long to measure the rate of channels; 0s to show the last measurement.
    #[arg(long, value_name = "TIME", default_value = "500ms", value_parser = duration)]
    measure: Duration,
    /// Maximum number of channels to list, the oldest first.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1000,
        value_parser = clap::value_parser!(u16).range(1..=10_000),
    )]
    limit: u16,
}

/// Lists the unfinished channels.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let limit = usize::from(arguments.limit);
    let look = async || -> Result<Channels, Failure> {
        let channels = lists::channels(&worker, limit).await?;
        channels.ok_or_else(|| lists::no_channels(&worker))
    };
    let mut channels = look().await?;
    // An engine measures from one request to the next.
    if !channels.listed.is_empty() && !arguments.measure.is_zero() {
        tokio::time::sleep(arguments.measure).await;
        channels = look().await?;
    }
    lists::name_edges(&worker, &mut channels.listed).await;
    let json = json!({ "channels": channels.listed, "total": channels.total });
    let none = "no channel is unfinished at this engine";
    arguments
        .output
        .write(&json, &table(&channels.listed), none)?;
    let listed = channels.listed.len() as u64;
    if listed < channels.total {
        print_error(format_args!(
            "{listed} of {} channels; more with `--limit`",
            units::count(channels.total)
        ));
    }
    Ok(())
}

/// Channels as a table.
pub(crate) fn table(channels: &[Entry]) -> Table {
    let mut table = Table::new([
        Column::text("CHANNEL"),
        Column::text("WRITER"),
        Column::text("READER"),
        Column::number("FULL"),
        Column::number("BUFFERED"),
        Column::number("PASSED"),
        Column::number("RATE"),
        Column::number("AGE"),
        Column::optional("RUN"),
        Column::optional("EDGE"),
    ]);
    for channel in channels {
        let size = |name: &str| channel.number(name).map_or("-".to_owned(), units::bytes);
        table.push([
            channel.text("channel_id").to_owned(),
            channel.text("writer").to_owned(),
            channel.text("reader").to_owned(),
            full(channel).map_or("-".to_owned(), |full| format!("{full}%")),
            size("buffered_bytes"),
            size("bytes"),
            channel
                .number("bytes_per_second")
                .map_or("-".to_owned(), units::rate),
            age(channel).map_or("-".to_owned(), units::age),
            channel
                .number("run")
                .map_or(String::new(), |run| run.to_string()),
            edge(channel),
        ]);
    }
    table
}

/// The names of the stages at both ends. An end outside of any stage has no name.
fn edge(channel: &Entry) -> String {
    match (channel.text("from"), channel.text("to")) {
        ("", "") => String::new(),
        (from, to) => format!("{from} > {to}").trim().to_owned(),
    }
}

/// The fill level of a channel in percent, of frames or bytes, whichever is higher.
pub(crate) fn full(channel: &Entry) -> Option<u64> {
    let share = |buffered: &str, capacity: &str| {
        let capacity = channel.number(capacity)?.max(1);
        let percent = channel.number(buffered)?.saturating_mul(100) / capacity;
        // A frame may begin below the limit and end above it.
        Some(percent.min(100))
    };
    let frames = share("buffered_frames", "capacity_frames");
    frames.max(share("buffered_bytes", "capacity_bytes"))
}

/// The age of a channel.
pub(crate) fn age(channel: &Entry) -> Option<Duration> {
    channel.number("age_ms").map(Duration::from_millis)
}
