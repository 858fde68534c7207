use pipewright::Worker;
use serde::Serialize;

use crate::commands::{channels, functions, workers};
use crate::engine_client::lists::{self, Entry};
use crate::failure::Failure;
use crate::terminal::table::Table;

/// Maximum number of displayed channels, the oldest first.
const MOST: usize = 1000;

/// The state of an engine at one moment.
#[derive(Serialize)]
pub(super) struct Snapshot {
    /// The fastest first; `None` if the engine does not list them.
    pub(super) channels: Option<Vec<Entry>>,
    /// Number of all channels, shown or not.
    pub(super) total_channels: u64,
    /// The busiest first.
    pub(super) functions: Vec<Entry>,
    /// The busiest first.
    pub(super) workers: Vec<Entry>,
}

impl Snapshot {
    /// Queries the engine.
    pub(super) async fn take(worker: &Worker) -> Result<Self, Failure> {
        let mut functions = lists::functions(worker).await?.entries;
        let mut workers = lists::workers(worker).await?.entries;
        let channels = lists::channels(worker, MOST).await?;
        let total_channels = channels.as_ref().map_or(0, |channels| channels.total);
        let mut channels = channels.map(|channels| channels.listed);
        if let Some(channels) = &mut channels {
            lists::name_edges(worker, channels).await;
        }
        // Stable: equally busy entries keep their order.
        functions.sort_by_key(|function| std::cmp::Reverse(function.number("calls")));
        workers.sort_by_key(|worker| std::cmp::Reverse(worker.number("calls")));
        if let Some(channels) = &mut channels {
            channels.sort_by_key(|channel| {
                let rate = channel.number("bytes_per_second");
                std::cmp::Reverse((rate, channels::full(channel)))
            });
        }
        Ok(Self {
            channels,
            total_channels,
            functions,
            workers,
        })
    }

    /// The total rate of all channels in bytes per second.
    pub(super) fn rate(&self) -> u64 {
        let channels = self.channels.iter().flatten();
        channels
            .filter_map(|channel| channel.number("bytes_per_second"))
            .sum()
    }

    /// The lists as text.
    pub(super) fn to_text(&self, width: Option<usize>) -> String {
        let list = |name: &str, table: &Table| {
            if table.is_empty() {
                format!("no {name}\n")
            } else {
                table.to_text(width)
            }
        };
        let channels = match &self.channels {
            Some(listed) => list("channels", &channels::table(listed)),
            None => "this engine does not list its channels\n".to_owned(),
        };
        let functions = list("functions", &functions::table(&self.functions));
        let workers = list("workers", &workers::table(&self.workers));
        [channels, functions, workers].join("\n")
    }
}
