use serde::Serialize;

use crate::engine::channels::Listing;
use crate::engine::control::{FunctionRow, WorkerRow};
use crate::engine::core::Core;
use crate::engine::runs::RunsListing;

/// Maximum number of entries in one list, so that the page stays fast.
const MOST: usize = 200;

/// Maximum number of runs; each is drawn when it is selected.
const MOST_RUNS: usize = 40;

/// The data of the dashboard at one moment. It contains no keys, tokens or payloads.
#[derive(Debug, Serialize)]
pub(super) struct State {
    engine: Figures,
    runs: Option<RunsListing>,
    channels: Listing,
    workers: List<WorkerRow>,
    functions: List<FunctionRow>,
}

/// Figures of the engine itself.
#[derive(Debug, Serialize)]
struct Figures {
    version: &'static str,
    uptime_ms: u128,
    calls: usize,
    buffered_bytes: usize,
    /// Payload bytes that readers have taken since the start.
    carried_bytes: u64,
}

/// The first of `total` entries.
#[derive(Debug, Serialize)]
struct List<T> {
    list: Vec<T>,
    total: usize,
}

impl State {
    pub(super) fn of(core: &Core) -> Self {
        let stats = core.stats();
        let runs = core.runs.list(MOST_RUNS, |ids| core.channels.look(ids));
        let (workers, functions) = (
            core.control.worker_rows(MOST).into(),
            core.control.function_rows(MOST).into(),
        );
        Self {
            engine: Figures {
                version: env!("CARGO_PKG_VERSION"),
                uptime_ms: core.metrics.uptime().as_millis(),
                calls: stats.calls,
                buffered_bytes: stats.buffered_bytes,
                carried_bytes: core.channels.totals().passed.1,
            },
            runs,
            channels: core.channels.list(MOST),
            workers,
            functions,
        }
    }
}

impl<T> From<(Vec<T>, usize)> for List<T> {
    fn from((list, total): (Vec<T>, usize)) -> Self {
        Self { list, total }
    }
}
