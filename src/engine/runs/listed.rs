use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fault::Fault;
use super::run::{Edge, Outcome, Run};
use super::state::{EdgeView, State};
use super::table::{Table, Totals};
use crate::engine::channels::ChannelRow;
use crate::wire::Kind;

/// Runs and errors as listed for clients, without keys or payloads.
#[derive(Debug, Serialize)]
pub(in crate::engine) struct RunsListing {
    /// Open runs first, each group newest first.
    runs: Vec<ListedRun>,
    /// Number of open and remembered runs, listed or not.
    total: usize,
    /// The newest first.
    errors: Vec<ListedFault>,
    /// Totals since the engine started.
    totals: Totals,
}

#[derive(Debug, Serialize)]
struct ListedRun {
    run: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<String>,
    /// `running`, `done` or `failed`.
    state: &'static str,
    age_ms: u64,
    /// Its duration, if it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    took_ms: Option<u64>,
    nodes: Vec<ListedNode>,
    edges: Vec<ListedEdge>,
    /// Open channels without data that serve to cancel a stage.
    cancels: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ListedNode {
    node: u64,
    name: String,
    worker: String,
    /// The function, if it is a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    function_id: Option<String>,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    items_in: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    items_out: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Debug, Serialize)]
struct ListedEdge {
    channel_id: String,
    /// The worker that created it.
    worker: String,
    /// Numbers of nodes; absent if the end is held outside of any call.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u64>,
    /// `open`, or the name of its ending, as in the metrics.
    state: &'static str,
    /// Number of frames and bytes that the reader has taken.
    frames: u64,
    bytes: u64,
    bytes_per_second: u64,
    buffered_frames: usize,
    buffered_bytes: usize,
    /// How full the channel is, in percent.
    fill: usize,
}

#[derive(Debug, Serialize)]
struct ListedFault {
    age_ms: u64,
    count: u64,
    code: String,
    message: String,
    /// Where it started, if known.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    item: Option<u64>,
    /// The calls that failed because of it.
    functions: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<u64>,
}

impl RunsListing {
    /// Lists the runs of `table`, with the state of open channels from `channels`.
    pub(super) fn new(
        table: &Table,
        channels: &HashMap<String, ChannelRow>,
        limit: usize,
        now: Instant,
    ) -> Self {
        let open = shown(table, limit);
        let total = table.runs.values().filter(|run| !run.nodes.is_empty());
        let total = total.count() + table.finished.len();
        let left = limit.saturating_sub(open.len());
        let finished = table.finished.iter().rev().take(left);
        let runs = open.into_iter().chain(finished);
        Self {
            runs: runs.map(|run| listed_run(run, channels, now)).collect(),
            total,
            errors: table
                .faults
                .iter()
                .map(|fault| listed_fault(fault, now))
                .collect(),
            totals: table.totals,
        }
    }

    /// The open channels that [`new`](Self::new) will look up.
    pub(super) fn wanted(table: &Table, limit: usize) -> Vec<String> {
        let edges = shown(table, limit)
            .into_iter()
            .flat_map(|run| run.edges.values());
        let open = edges.filter(|edge| edge.ended.is_none() && !edge.is_cancel);
        open.map(|edge| edge.channel_id.to_string()).collect()
    }
}

/// The open runs to be listed. A channel without a call does not count as a run.
fn shown(table: &Table, limit: usize) -> Vec<&Run> {
    let mut open: Vec<&Run> = table.runs.values().collect();
    open.retain(|run| !run.nodes.is_empty());
    open.sort_unstable_by_key(|run| std::cmp::Reverse(run.number));
    open.truncate(limit);
    open
}

fn listed_run(run: &Run, channels: &HashMap<String, ChannelRow>, now: Instant) -> ListedRun {
    let edges = || run.edges.values().filter(|edge| !edge.is_cancel);
    let seen = |edge: &Edge| seen(edge, channels);
    let nodes = run.nodes.iter().filter_map(|(&number, node)| {
        let of = |end: fn(&Edge) -> Option<u64>| -> Vec<EdgeView<'_>> {
            let own = edges().filter(|edge| end(edge) == Some(number));
            own.map(seen).collect()
        };
        let (inputs, outputs) = (of(|edge| edge.reader), of(|edge| edge.writer));
        let state = State::of(node, &inputs, &outputs);
        // A call that has passed all of its ends on to other calls.
        if inputs.is_empty() && outputs.is_empty() && state != State::Failed {
            return None;
        }
        let (items, error) = match &node.outcome {
            Some((_, Outcome::Done { items })) => (*items, None),
            Some((_, Outcome::Failed(error))) => (None, Some(error.clone())),
            Some((_, Outcome::GaveWay)) | None => (None, None),
        };
        Some(ListedNode {
            node: number,
            name: node.name.clone(),
            worker: node.worker.clone(),
            function_id: node.call.as_ref().map(|call| call.function_id.clone()),
            state,
            items_in: items.map(|(items, _)| items),
            items_out: items.map(|(_, items)| items),
            error,
        })
    });
    ListedRun {
        run: run.number,
        name: run.name.clone(),
        trace: run.trace.clone(),
        state: match run.ended {
            _ if run.has_failed() => "failed",
            None => "running",
            Some(_) => "done",
        },
        age_ms: since(run.started, now),
        took_ms: run.ended.map(|ended| since(run.started, ended)),
        nodes: nodes.collect(),
        edges: edges().map(|edge| listed_edge(edge, channels)).collect(),
        cancels: run
            .edges
            .values()
            .filter(|edge| edge.is_cancel && edge.ended.is_none())
            .map(|edge| edge.channel_id.to_string())
            .collect(),
    }
}

fn seen<'a>(edge: &Edge, channels: &'a HashMap<String, ChannelRow>) -> EdgeView<'a> {
    match channels.get(&*edge.channel_id) {
        Some(channel) if edge.ended.is_none() => EdgeView::Open(channel),
        _ if edge.is_broken() => EdgeView::Broken,
        _ => EdgeView::Whole,
    }
}

fn listed_edge(edge: &Edge, channels: &HashMap<String, ChannelRow>) -> ListedEdge {
    let channel = channels.get(&*edge.channel_id);
    let channel = channel.filter(|_| edge.ended.is_none());
    let ended = edge.ended.as_ref().map(|(_, ending)| ending);
    ListedEdge {
        channel_id: edge.channel_id.to_string(),
        worker: edge.creator.clone(),
        from: edge.writer,
        to: edge.reader,
        state: ended.map_or("open", |ending| ending.how.word()),
        frames: ended.map_or_else(|| channel.map_or(0, |open| open.frames), |end| end.frames),
        bytes: ended.map_or_else(|| channel.map_or(0, |open| open.bytes), |end| end.bytes),
        bytes_per_second: channel.map_or(0, |open| open.bytes_per_second),
        buffered_frames: channel.map_or(0, |open| open.buffered_frames),
        buffered_bytes: channel.map_or(0, |open| open.buffered_bytes),
        fill: channel.map_or(0, ChannelRow::fill),
    }
}

fn listed_fault(fault: &Fault, now: Instant) -> ListedFault {
    ListedFault {
        age_ms: since(fault.at, now),
        count: fault.count,
        code: fault.first.code.clone(),
        message: fault.first.message.clone(),
        stage: fault.first.stage.clone(),
        item: fault.first.item,
        functions: fault.functions.clone(),
        worker: fault.worker.clone(),
        run: fault.run,
    }
}

fn since(then: Instant, now: Instant) -> u64 {
    millis(now.saturating_duration_since(then))
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
