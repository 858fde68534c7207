use std::sync::Arc;
use std::time::Instant;

use super::{EndRef, MOST, NewCall, Table, Totals};
use crate::engine::channels::Ended;
use crate::engine::runs::Ending;
use crate::engine::runs::run::{MOST_PARTS, Outcome, Run};
use crate::wire::{Direction, EdgeLabel, ErrorBody, NodeLabel};

/// A table and a fixed time for all events.
struct Scene {
    table: Table,
    now: Instant,
    caller: Arc<str>,
    executor: Arc<str>,
}

impl Scene {
    fn new() -> Self {
        Self {
            table: Table::default(),
            now: Instant::now(),
            caller: Arc::from("caller"),
            executor: Arc::from("executor"),
        }
    }

    fn create(&mut self, channel: &str) {
        let caller = Arc::clone(&self.caller);
        self.table
            .created(channel, &caller, Some("shell"), None, self.now);
    }

    fn create_all(&mut self, channels: &[&str]) {
        for channel in channels {
            self.create(channel);
        }
    }

    /// The edge of a labelled run.
    fn edge(&mut self, channel: &str, from: (usize, &str), to: (usize, &str)) {
        let node = |(node, name): (usize, &str)| NodeLabel {
            node,
            name: name.to_owned(),
        };
        let label = EdgeLabel {
            pipewright: 1,
            run: "r".to_owned(),
            writer: node(from),
            reader: node(to),
        };
        let caller = Arc::clone(&self.caller);
        self.table
            .created(channel, &caller, None, Some(&label), self.now);
    }

    fn call(&mut self, function: &str, reads: &str, writes: &str) {
        let end = |channel: &str, direction| EndRef {
            channel_id: channel.to_owned(),
            direction,
            is_cancel: false,
        };
        let ends = [end(reads, Direction::Read), end(writes, Direction::Write)];
        let call = NewCall {
            caller: &self.caller,
            executor: &self.executor,
            worker: Some("stages"),
            invocation_id: Some(function),
            function_id: function,
            traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        };
        self.table.called(&call, &ends, self.now);
    }

    fn answer(&mut self, function: &str, error: Option<&ErrorBody>) {
        let key = (Arc::clone(&self.executor), function.to_owned());
        let outcome = error.map_or(Ok(Some((3, 2))), Err);
        self.table.answered(&key, function, outcome, self.now);
    }

    fn close(&mut self, channel: &str, how: Ended) {
        let (frames, bytes) = (1, 10);
        let ending = Ending { frames, bytes, how };
        self.table.closed(channel, ending, self.now);
    }

    fn close_all(&mut self, channels: &[&str], how: Ended) {
        for channel in channels {
            self.close(channel, how);
        }
    }

    fn only(&self) -> &Run {
        let mut open = self.table.runs.values().chain(&self.table.finished);
        let run = open.next().unwrap();
        assert!(open.next().is_none(), "{:?}", self.table);
        run
    }
}

/// Names of the nodes at the ends of each edge.
fn drawn(run: &Run) -> Vec<(String, String)> {
    let name = |node: Option<u64>| {
        let node = node.map(|number| &run.nodes[&number]);
        node.map_or("-", |node| &node.name).to_owned()
    };
    let edges = run.edges.values();
    edges
        .map(|edge| (name(edge.writer), name(edge.reader)))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
    expected.iter().map(owned).collect()
}

#[test]
fn calls_that_share_channels_are_one_run_of_any_workers() {
    let mut scene = Scene::new();
    scene.create_all(&["a", "b", "c"]);
    assert_eq!(scene.table.runs.len(), 3);
    scene.call("parse", "a", "b");
    scene.call("sum", "b", "c");
    let run = scene.only();
    let expected = [("-", "parse"), ("parse", "sum"), ("sum", "-")];
    assert_eq!(drawn(run), pairs(&expected));
    assert_eq!(
        run.trace.as_deref(),
        Some("4bf92f3577b34da6a3ce929d0e0e4736")
    );
    assert!(run.nodes.values().all(|node| node.worker == "stages"));

    scene.answer("parse", None);
    scene.close_all(&["a", "b", "c"], Ended::Closed);
    assert!(scene.table.finished.is_empty());
    scene.answer("sum", None);
    let done = scene.table.finished.front().unwrap();
    let items = Some((3, 2));
    let outcomes = done
        .nodes
        .values()
        .map(|node| node.outcome.clone().unwrap().1);
    assert!(
        outcomes
            .clone()
            .all(|outcome| outcome == Outcome::Done { items })
    );
    let expected = Totals {
        done: 1,
        ..Totals::default()
    };
    assert_eq!(scene.table.totals, expected);
    assert!(scene.table.runs.is_empty() && scene.table.channels.is_empty());
    assert!(scene.table.calls.is_empty());
}

#[test]
fn label_names_a_node_until_a_call_replaces_it() {
    let mut scene = Scene::new();
    scene.edge("a", (0, "source"), (1, "parse"));
    scene.edge("b", (1, "parse"), (2, "run"));
    scene.call("text::parse", "a", "b");
    let run = scene.only();
    assert_eq!(drawn(run), pairs(&[("source", "parse"), ("parse", "run")]));
    assert_eq!((run.nodes.len(), run.name.as_deref()), (3, Some("r")));
    let call = run.nodes.values().find_map(|node| node.call.as_ref());
    assert_eq!(call.unwrap().function_id, "text::parse");
    scene.answer("text::parse", None);
    scene.close_all(&["a", "b"], Ended::Closed);
    assert!(scene.table.named.is_empty());
    // The same name used again denotes another run.
    scene.edge("c", (0, "source"), (1, "parse"));
    assert_eq!(scene.table.runs.len(), 1);
    assert_eq!(scene.table.finished.len(), 1);
}

#[test]
fn a_failure_fails_the_run_and_is_remembered_with_it() {
    let mut scene = Scene::new();
    scene.create_all(&["a", "b"]);
    scene.call("parse", "a", "b");
    let number = scene.only().number;
    scene.answer("parse", Some(&ErrorBody::new("c", "not a number")));
    let run = scene.only();
    assert!(run.has_failed());
    scene.close("a", Ended::Cancelled);
    scene.close("b", Ended::Lost);
    assert_eq!(scene.table.totals.failed, 1);
    let fault = scene.table.faults.iter().next().unwrap();
    assert_eq!(fault.run, Some(number));
    assert_eq!(fault.first.message, "not a number");
    assert_eq!(fault.functions, ["parse"]);
}

#[test]
fn leaving_worker_fails_its_calls() {
    for worker in ["executor", "caller"] {
        let mut scene = Scene::new();
        scene.create_all(&["a", "b"]);
        scene.call("parse", "a", "b");
        scene.table.left("other", scene.now);
        assert_eq!(scene.table.calls.len(), 1);
        scene.table.left(worker, scene.now);
        assert!(scene.table.calls.is_empty());
        assert!(scene.only().has_failed());
        let fault = scene.table.faults.iter().next().unwrap();
        assert_eq!(fault.first.code, ErrorBody::INVOCATION_STOPPED);
    }
}

#[test]
fn early_stop_is_no_failure_and_a_channel_no_run() {
    let mut scene = Scene::new();
    scene.create_all(&["a", "b", "c"]);
    scene.call("parse", "a", "b");
    scene.answer("parse", Some(&ErrorBody::new("output_gone", "gone")));
    scene.close_all(&["a", "b", "c"], Ended::Cancelled);
    assert_eq!(scene.table.finished.len(), 1);
    assert_eq!((scene.table.totals.done, scene.table.totals.failed), (1, 0));
}

#[test]
fn runs_and_their_history_are_bounded() {
    let mut scene = Scene::new();
    let channels = (0..=MOST_PARTS)
        .map(|at| at.to_string())
        .collect::<Vec<_>>();
    for channel in &channels {
        scene.create(channel);
    }
    for pair in channels.windows(2) {
        scene.call(&format!("f{}", pair[0]), &pair[0], &pair[1]);
    }
    assert!(
        scene
            .table
            .runs
            .values()
            .all(|run| run.parts() <= MOST_PARTS)
    );
    assert!(scene.table.runs.len() > 1);
    for at in 0..channels.len() {
        scene.answer(&format!("f{at}"), None);
    }
    for channel in &channels {
        scene.close(channel, Ended::Closed);
    }
    assert!(scene.table.runs.is_empty() && scene.table.calls.is_empty());

    for at in 0..=super::FINISHED {
        scene.create_all(&["a", "b"]);
        scene.call(&at.to_string(), "a", "b");
        scene.answer(&at.to_string(), None);
        scene.close_all(&["a", "b"], Ended::Closed);
    }
    assert_eq!(scene.table.finished.len(), super::FINISHED);
}

#[test]
fn of_very_many_channels_only_named_ones_are_looked_at() {
    let mut scene = Scene::new();
    for number in 0..=MOST {
        scene.create(&number.to_string());
    }
    assert_eq!(scene.table.runs.len(), MOST);
    scene.edge("named", (0, "a"), (1, "b"));
    assert_eq!(scene.table.runs.len(), MOST + 1);
    let unknown = MOST.to_string();
    scene.close(&unknown, Ended::Closed);
    scene.close("0", Ended::Closed);
    assert_eq!(scene.table.runs.len(), MOST);
}
