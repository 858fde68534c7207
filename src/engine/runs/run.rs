use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::ending::Ending;
use crate::engine::channels::Ended;

/// Maximum number of nodes and edges of one run. Further ones are not drawn.
pub(super) const MOST_PARTS: usize = 500;

/// Connected calls and the channels between them.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) number: u64,
    /// The name given by its pipeline.
    pub(super) name: Option<String>,
    /// The trace of its calls.
    pub(super) trace: Option<String>,
    /// The worker and the name under which its pipeline adds to this run.
    pub(super) label: Option<(Arc<str>, String)>,
    pub(super) started: Instant,
    pub(super) ended: Option<Instant>,
    pub(super) nodes: BTreeMap<u64, Node>,
    pub(super) edges: BTreeMap<u64, Edge>,
    /// Number of its open edges and calls.
    pub(super) open: usize,
}

/// A call that holds channel ends, or a part of a pipeline within the process of its worker.
#[derive(Debug)]
pub(super) struct Node {
    /// The name given by its pipeline, or else the function.
    pub(super) name: String,
    /// The name or id of the worker that runs it.
    pub(super) worker: String,
    /// The call, if it will be answered.
    pub(super) call: Option<Called>,
    pub(super) started: Instant,
    pub(super) outcome: Option<(Instant, Outcome)>,
}

/// Identifies a call by executor and id.
pub(super) type CallKey = (Arc<str>, String);

/// The caller of a node, and the function.
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
        /// Numbers of input and output items, if the function reports them.
        items: Option<(u64, u64)>,
    },
    /// It stopped because its reader had left, which is not a failure of its own.
    GaveWay,
    Failed(String),
}

/// A channel.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) channel_id: Arc<str>,
    /// The name or id of the worker that created it.
    pub(super) creator: String,
    /// The writing and reading nodes, if known.
    pub(super) writer: Option<u64>,
    pub(super) reader: Option<u64>,
    /// Whether it only serves to cancel a stage.
    pub(super) is_cancel: bool,
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

    /// Whether there is room for this many more parts.
    pub(super) fn has_room_for(&self, parts: usize) -> bool {
        self.parts() + parts <= MOST_PARTS
    }

    pub(super) fn parts(&self) -> usize {
        self.nodes.len() + self.edges.len()
    }

    /// Merges another run into this one.
    pub(super) fn absorb(&mut self, other: Self) {
        self.started = self.started.min(other.started);
        self.name = self.name.take().or(other.name);
        self.trace = self.trace.take().or(other.trace);
        self.open += other.open;
        self.nodes.extend(other.nodes);
        self.edges.extend(other.edges);
    }

    /// Whether one of its calls failed or a stream was truncated.
    pub(super) fn has_failed(&self) -> bool {
        let failed = |node: &Node| matches!(node.outcome, Some((_, Outcome::Failed(_))));
        self.nodes.values().any(failed) || self.edges.values().any(Edge::is_broken)
    }
}

impl Edge {
    /// Whether its stream ended before it was complete.
    pub(super) fn is_broken(&self) -> bool {
        let broken = |how| matches!(how, Ended::Failed | Ended::Lost | Ended::Expired);
        !self.is_cancel && self.ended.is_some_and(|(_, ending)| broken(ending.how))
    }
}
