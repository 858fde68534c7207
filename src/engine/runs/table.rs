mod renamed;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;

use super::ending::Ending;
use super::fault::ReportedError;
use super::faults::Faults;
use super::named::Named;
use super::run::{CallKey, Called, Edge, Node, Outcome, Run};
use crate::engine::truncate::{LONGEST_NAME, truncate};
use crate::wire::{Direction, EdgeLabel, ErrorBody};

/// Maximum number of remembered finished runs.
const FINISHED: usize = 20;

/// A call whose payload carries refs.
pub(in crate::engine) struct NewCall<'a> {
    pub(in crate::engine) caller: &'a Arc<str>,
    pub(in crate::engine) executor: &'a Arc<str>,
    /// The executor's display name, if it has one.
    pub(in crate::engine) worker: Option<&'a str>,
    /// Absent if no answer is expected.
    pub(in crate::engine) invocation_id: Option<&'a str>,
    pub(in crate::engine) function_id: &'a str,
    pub(in crate::engine) traceparent: Option<&'a str>,
}

/// A channel end in the payload of a call.
pub(super) struct EndRef {
    pub(super) channel_id: String,
    pub(super) direction: Direction,
    /// Whether it only serves to cancel the call.
    pub(super) is_cancel: bool,
}

/// Maximum number of open runs. Beyond it, channels without a label are no longer recorded.
const MOST: usize = 5_000;

/// Runs and errors. The time is passed as an argument.
///
/// | event | effect |
/// |---|---|
/// | `created` | adds an edge, in a new run or in the run of its label |
/// | `called` | adds a node with the ends in its payload; merges their runs |
/// | `answered`, `left` | ends the node |
/// | `closed` | ends the edge |
///
/// A run without open parts is finished; it is remembered if it has nodes.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// The next number for a run, a node or an edge.
    next: u64,
    /// Each run has an open part. Bounded by the number of channels and calls.
    pub(super) runs: HashMap<u64, Run>,
    /// The run and edge of each open channel.
    channels: HashMap<Arc<str>, (u64, u64)>,
    /// The run and node of each open call.
    calls: HashMap<CallKey, (u64, u64)>,
    named: Named,
    /// The newest last.
    pub(super) finished: VecDeque<Run>,
    pub(super) faults: Faults,
    pub(super) totals: Totals,
}

/// Totals since the engine started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(in crate::engine) struct Totals {
    /// Runs that succeeded.
    pub(super) done: u64,
    pub(super) failed: u64,
    /// Failed calls.
    pub(super) errors: u64,
}

impl Table {
    /// Records a new channel.
    pub(super) fn created(
        &mut self,
        channel_id: &str,
        worker: &Arc<str>,
        name: Option<&str>,
        label: Option<&EdgeLabel>,
        now: Instant,
    ) {
        if label.is_none() && self.runs.len() >= MOST {
            return;
        }
        let channel_id = Arc::<str>::from(channel_id);
        let number = self.number();
        let known = label.and_then(|label| self.named.get_mut(worker, &label.run));
        let run = known.map_or(number, |places| places.run);
        let run = match self.runs.get(&run) {
            Some(found) if found.has_room_for(3) => run,
            _ => number,
        };
        let creator = truncate(name.unwrap_or(worker), LONGEST_NAME);
        let (mut writer, mut reader) = (None, None);
        if let Some(label) = label {
            if run == number {
                self.named.insert(worker, &label.run, run);
                let found = self.run(run, now);
                found.label = Some((Arc::clone(worker), label.run.clone()));
                found.name = Some(label.run.clone());
            }
            writer = Some(self.place(run, worker, label, Direction::Write, &creator, now));
            reader = Some(self.place(run, worker, label, Direction::Read, &creator, now));
        }
        let edge = Edge {
            channel_id: Arc::clone(&channel_id),
            creator,
            writer,
            reader,
            is_cancel: false,
            ended: None,
        };
        let at = self.number();
        let found = self.run(run, now);
        found.open += 1;
        found.edges.insert(at, edge);
        self.channels.insert(channel_id, (run, at));
    }

    /// The node of a label; created if it is new.
    fn place(
        &mut self,
        run: u64,
        worker: &Arc<str>,
        label: &EdgeLabel,
        direction: Direction,
        creator: &str,
        now: Instant,
    ) -> u64 {
        let number = self.number();
        let named = match direction {
            Direction::Write => &label.writer,
            Direction::Read => &label.reader,
        };
        if let Some(places) = self.named.get_mut(worker, &label.run) {
            let place = *places.nodes.entry(named.node).or_insert(number);
            if place != number {
                return place;
            }
        }
        let node = Node {
            name: truncate(&named.name, LONGEST_NAME),
            worker: creator.to_owned(),
            call: None,
            started: now,
            outcome: None,
        };
        self.run(run, now).nodes.insert(number, node);
        number
    }

    /// Records a call that carries `ends`, all of existing channels.
    pub(super) fn called(&mut self, call: &NewCall<'_>, ends: &[EndRef], now: Instant) {
        let Some(run) = self.join(ends) else { return };
        let number = self.number();
        let channels = &self.channels;
        let edges: Vec<(u64, &EndRef)> = ends
            .iter()
            .filter_map(|end| Some((channels.get(end.channel_id.as_str())?, end)))
            .filter(|((of, _), _)| *of == run)
            .map(|((_, edge), end)| (*edge, end))
            .collect();
        let Some(run) = self.runs.get_mut(&run) else {
            return;
        };
        // A labelled part of a pipeline that is not a call.
        let named = edges.iter().find_map(|(edge, end)| {
            let edge = run.edges.get(edge)?;
            let holder = match end.direction {
                Direction::Read => edge.reader?,
                Direction::Write => edge.writer?,
            };
            let node = run.nodes.get(&holder)?;
            (node.call.is_none() && node.outcome.is_none()).then_some(holder)
        });
        let at = named.unwrap_or(number);
        for (edge, end) in edges {
            if let Some(edge) = run.edges.get_mut(&edge) {
                edge.is_cancel |= end.is_cancel;
                match end.direction {
                    Direction::Read => edge.reader = Some(at),
                    Direction::Write => edge.writer = Some(at),
                }
            }
        }
        let node = run.nodes.entry(at).or_insert_with(|| Node {
            name: truncate(call.function_id, LONGEST_NAME),
            worker: String::new(),
            call: None,
            started: now,
            outcome: None,
        });
        node.worker = truncate(call.worker.unwrap_or(call.executor), LONGEST_NAME);
        node.started = now;
        if run.trace.is_none() {
            run.trace = call.traceparent.and_then(trace_id);
        }
        if let Some(invocation_id) = call.invocation_id {
            let key = (Arc::clone(call.executor), invocation_id.to_owned());
            node.call = Some(Called {
                key: key.clone(),
                caller: Arc::clone(call.caller),
                function_id: truncate(call.function_id, LONGEST_NAME),
            });
            run.open += 1;
            self.calls.insert(key, (run.number, at));
        }
    }

    /// Merges the runs of the ends. Returns the run, if it has room for a node.
    fn join(&mut self, ends: &[EndRef]) -> Option<u64> {
        let mut of: Vec<u64> = ends
            .iter()
            .filter_map(|end| Some(self.channels.get(end.channel_id.as_str())?.0))
            .collect();
        of.sort_unstable();
        of.dedup();
        // Merges the others into the largest, which moves the least.
        let parts = |run: &u64| self.runs.get(run).map_or(0, Run::parts);
        let to = of.iter().copied().max_by_key(parts)?;
        for from in of.into_iter().filter(|run| *run != to) {
            let moved = self.runs.get(&from).map_or(0, Run::parts);
            if !self.runs.get(&to)?.has_room_for(moved + 1) {
                continue;
            }
            let Some(moved) = self.runs.remove(&from) else {
                continue;
            };
            for (number, edge) in &moved.edges {
                if edge.ended.is_none() {
                    let place = (to, *number);
                    self.channels.insert(Arc::clone(&edge.channel_id), place);
                }
            }
            for (number, node) in &moved.nodes {
                if let (Some(call), None) = (&node.call, &node.outcome) {
                    self.calls.insert(call.key.clone(), (to, *number));
                }
            }
            // Two pipelines in one run: from now on, the second has its own run.
            if let Some((worker, name)) = &moved.label {
                self.named.forget(worker, name);
            }
            self.faults.moved(from, to);
            self.runs.get_mut(&to)?.absorb(moved);
        }
        self.runs.get(&to)?.has_room_for(1).then_some(to)
    }

    /// Records the result of a call. An unknown call counts only if it failed.
    pub(super) fn answered(
        &mut self,
        key: &CallKey,
        function_id: &str,
        outcome: Result<Option<(u64, u64)>, &ErrorBody>,
        now: Instant,
    ) {
        let place = self.calls.remove(key);
        let told = outcome
            .as_ref()
            .err()
            .map(|error| ReportedError::read(error));
        let node = place
            .and_then(|(run, node)| self.runs.get_mut(&run)?.nodes.get_mut(&node))
            .map(|node| {
                let outcome = match (&told, outcome) {
                    (None, outcome) => Outcome::Done {
                        items: outcome.unwrap_or_default(),
                    },
                    (Some(told), _) if told.gave_way => Outcome::GaveWay,
                    (Some(told), _) => Outcome::Failed(told.line()),
                };
                node.outcome = Some((now, outcome));
                node.worker.clone()
            });
        if let Some(told) = told {
            self.totals.errors += 1;
            let run = place.map(|(run, _)| run);
            self.faults.add(&told, function_id, node, run, now);
        }
        if let Some((run, _)) = place {
            self.over(run, now);
        }
    }

    /// Records a call that the engine refused.
    pub(super) fn refused(&mut self, function_id: &str, error: &ErrorBody, now: Instant) {
        self.totals.errors += 1;
        let told = ReportedError::read(error);
        self.faults.add(&told, function_id, None, None, now);
    }

    /// Records that a worker has disconnected, which ends the calls that it executed or made.
    pub(super) fn left(&mut self, worker: &str, now: Instant) {
        let of_worker = |key: &CallKey, (run, node): &(u64, u64)| {
            if &*key.0 == worker {
                return true;
            }
            let node = self.runs.get(run).and_then(|run| run.nodes.get(node));
            let call = node.and_then(|node| node.call.as_ref());
            call.is_some_and(|call| &*call.caller == worker)
        };
        let calls = self
            .calls
            .iter()
            .filter(|(key, place)| of_worker(key, place));
        let calls: Vec<CallKey> = calls.map(|(key, _)| key.clone()).collect();
        for key in calls {
            let place = self.calls.get(&key).copied();
            let function_id = place.and_then(|(run, node)| {
                let node = self.runs.get(&run)?.nodes.get(&node)?;
                Some(node.call.as_ref()?.function_id.clone())
            });
            let who = if &*key.0 == worker {
                "the worker that executed it"
            } else {
                "its caller"
            };
            let message = format!("{who} disconnected before there was a result");
            let error = ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message);
            self.answered(&key, &function_id.unwrap_or_default(), Err(&error), now);
        }
    }

    /// Records the end of a channel.
    pub(super) fn closed(&mut self, channel_id: &str, ending: Ending, now: Instant) {
        let Some((run, edge)) = self.channels.remove(channel_id) else {
            return;
        };
        let found = self.runs.get_mut(&run);
        if let Some(edge) = found.and_then(|run| run.edges.get_mut(&edge)) {
            edge.ended = Some((now, ending));
        }
        self.over(run, now);
    }

    /// Ends one part of a run. Ends the run if it was the last part.
    fn over(&mut self, number: u64, now: Instant) {
        let Some(run) = self.runs.get_mut(&number) else {
            return;
        };
        run.open -= 1;
        if run.open > 0 {
            return;
        }
        let Some(mut run) = self.runs.remove(&number) else {
            return;
        };
        if let Some((worker, name)) = &run.label {
            self.named.forget(worker, name);
        }
        if run.nodes.is_empty() {
            return;
        }
        if run.has_failed() {
            self.totals.failed += 1;
        } else {
            self.totals.done += 1;
        }
        tracing::debug!(run = number, failed = run.has_failed(), "a run is over");
        run.ended = Some(now);
        self.finished.push_back(run);
        if self.finished.len() > FINISHED {
            self.finished.pop_front();
        }
    }

    fn run(&mut self, number: u64, now: Instant) -> &mut Run {
        let new = || {
            tracing::debug!(run = number, "a run began");
            Run::new(number, now)
        };
        self.runs.entry(number).or_insert_with(new)
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

/// The trace id of a `traceparent` (W3C Trace Context §3.2.2).
fn trace_id(traceparent: &str) -> Option<String> {
    let trace = traceparent.split('-').nth(1)?;
    let is_id = trace.len() == 32 && trace.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| trace.to_owned())
}
