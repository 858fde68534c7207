use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::ending::Ending;
use crate::engine::channels::Ended;

/// Nodes and edges of one run. A run with more is drawn without the rest.
pub(super) const MOST_PARTS: usize = 500;

/// What hangs together: calls and the channels between them.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    /// What a pipeline calls it.
    pub(super) name: Option<String>,
    /// The trace that its calls belong to.
    pub(super) trace: Option<String>,
    /// The worker and the name under which its pipeline adds to it.
    pub(super) label: Option<(Arc<str>, String)>,
    pub(super) started: Instant,
    pub(super) ended: Option<Instant>,
    pub(super) nodes: BTreeMap<u64, Node>,
    pub(super) edges: BTreeMap<u64, Edge>,
    /// Edges and calls that are not over.
    pub(super) open: usize,
}

/// A call that holds ends of channels, or a part of a pipeline within the process of its worker.
#[derive(Debug)]
pub(super) struct Node {
    /// What its pipeline calls it; the function otherwise.
    pub(super) name: String,
    /// The name or the id of the worker where it runs.
    pub(super) worker: String,
    /// The call, where it is one that will be answered.
    pub(super) call: Option<Called>,
    pub(super) started: Instant,
    pub(super) outcome: Option<(Instant, Outcome)>,
}

/// Names one call: its executor and its id.
pub(super) type CallKey = (Arc<str>, String);

/// Who called a node, and which function.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) key: CallKey,
    pub(super) caller: Arc<str>,
    pub(super) function_id: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done {
        /// Items in and out, where the function reports them.
        items: Option<(u64, u64)>,
    },
    /// Its reader had gone, which is no failure of its own.
    GaveWay,
    Failed(String),
}

/// A channel.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) channel_id: Arc<str>,
    /// The name or the id of the worker that made it.
    pub(super) creator: String,
    /// Who writes and who reads, where it is known.
    pub(super) writer: Option<u64>,
    pub(super) reader: Option<u64>,
    /// It is there to cancel a stage and carries nothing.
    pub(super) leash: bool,
    pub(super) ended: Option<(Instant, Ending)>,
}

impl Run {
    pub(super) fn new(number: u64, now: Instant) -> Self {
        Self {
            number,
            name: None,
            trace: None,
            label: None,
            started: now,
            ended: None,
            nodes: BTreeMap::new(),
            edges: BTreeMap::new(),
            open: 0,
        }
    }

    /// Whether that many further parts find room.
    pub(super) fn has_room_for(&self, parts: usize) -> bool {
        self.parts() + parts <= MOST_PARTS
    }

    pub(super) fn parts(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// Takes all of another run.
    pub(super) fn absorb(&mut self, other: Self) {
        self.started = self.started.min(other.started);
        self.name = self.name.take().or(other.name);
        self.trace = self.trace.take().or(other.trace);
        self.open += other.open;
        self.nodes.extend(other.nodes);
        self.edges.extend(other.edges);
    }

    /// Whether one of its calls failed, or a stream broke off.
    pub(super) fn has_failed(&self) -> bool {
        let failed = |node: &Node| matches!(node.outcome, Some((_, Outcome::Failed(_))));
        self.nodes.values().any(failed) || self.edges.values().any(Edge::is_broken)
    }
}

impl Edge {
    /// Whether its stream ended before it was whole.
    pub(super) fn is_broken(&self) -> bool {
        let broken = |how| matches!(how, Ended::Failed | Ended::Lost | Ended::Expired);
        !self.leash && self.ended.is_some_and(|(_, ending)| broken(ending.how))
    }
}
