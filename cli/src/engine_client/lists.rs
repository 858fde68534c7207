//! The engine's list functions: `docs/engine-functions.md`.

use std::time::Duration;

use pipewright::{CallError, Worker};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::print_error::print_error;
use crate::terminal::table::sanitized;

/// Timeout of a list call. A busy engine needs seconds for a list of 15 MiB.
const TIMEOUT: Duration = Duration::from_secs(30);

/// A list entry as sent by the engine. Engines differ in their fields, so all fields are optional.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Entry(Map<String, Value>);

impl Entry {
    /// A text field; empty if absent.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// An integer field, if present.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.0.get(name)?.as_u64()
    }

    /// A numeric field as text; `-` if absent.
    pub(crate) fn count(&self, name: &str) -> String {
        match self.number(name) {
            Some(number) => number.to_string(),
            None => "-".to_owned(),
        }
    }

    /// A field of any type.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// A field with a list of objects; empty if absent.
    pub(crate) fn entries(&self, name: &str) -> Vec<Self> {
        let list = self.0.get(name).and_then(Value::as_array);
        let objects = list.into_iter().flatten().filter_map(Value::as_object);
        objects.map(|fields| Self(fields.clone())).collect()
    }

    /// The namespace, unless it is the default (`docs/protocol.md` section 2.2).
    pub(crate) fn namespace(&self) -> String {
        match self.text("namespace") {
            "default" => String::new(),
            name => name.to_owned(),
        }
    }

    /// The name of a worker, or its id.
    pub(crate) fn name(&self) -> &str {
        match (self.text("name"), self.text("worker_id")) {
            ("", "") => self.text("id"),
            ("", id) => id,
            (name, _) => name,
        }
    }

    /// Adds the number of a worker's functions if an engine lists only their ids, some of which it
    /// may omit.
    fn count_functions(&mut self) {
        if let Some(Value::Array(ids)) = self.0.get("functions") {
            let listed = ids.len() as u64;
            let count = self.number("function_count").unwrap_or(listed);
            self.0.insert("functions".to_owned(), count.into());
        }
    }

    /// The name of a function's worker, or its id.
    pub(crate) fn worker(&self) -> &str {
        match self.text("worker_name") {
            "" => self.text("worker_id"),
            name => name,
        }
    }
}

/// A list from the engine that fits into one message.
pub(crate) struct Listed {
    /// What is listed, such as `functions`.
    name: &'static str,
    pub(crate) entries: Vec<Entry>,
    /// Number of entries that did not fit.
    left_out: u64,
}

impl Listed {
    /// The list as JSON, as the engine sends it.
    pub(crate) fn as_json(&self) -> Value {
        let mut json = Map::new();
        json.insert(self.name.to_owned(), json!(self.entries));
        if !self.is_complete() {
            json.insert("left_out".to_owned(), self.left_out.into());
        }
        Value::Object(json)
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.left_out == 0
    }

    /// Prints a note on standard error that the list is incomplete.
    pub(crate) fn note_left_out(&self) {
        if !self.is_complete() {
            print_error(format_args!(
                "note: {} more {} do not fit into the engine's list",
                self.left_out, self.name
            ));
        }
    }
}

/// The registered functions, by id.
pub(crate) async fn functions(worker: &Worker) -> Result<Listed, Failure> {
    let mut functions = list(worker, "functions").await?;
    functions
        .entries
        .sort_by(|a, b| a.text("function_id").cmp(b.text("function_id")));
    Ok(functions)
}

/// The workers, by name, without this program.
pub(crate) async fn workers(worker: &Worker) -> Result<Listed, Failure> {
    let mut workers = list(worker, "workers").await?;
    let own = worker.id();
    workers
        .entries
        .retain(|listed| own.as_deref() != Some(listed.text("worker_id")));
    workers
        .entries
        .sort_by(|a, b| a.text("name").cmp(b.text("name")));
    for listed in &mut workers.entries {
        listed.count_functions();
    }
    Ok(workers)
}

/// The unfinished channels.
pub(crate) struct Channels {
    /// The oldest first, as many as requested.
    pub(crate) listed: Vec<Entry>,
    /// Number of all channels.
    pub(crate) total: u64,
}

/// The unfinished channels, at most `limit`; `None` if the engine does not list them.
pub(crate) async fn channels(worker: &Worker, limit: usize) -> Result<Option<Channels>, Failure> {
    let Some(answer) = ask(worker, CHANNELS, &json!({ "limit": limit })).await? else {
        return Ok(None);
    };
    let total = answer.get("total").and_then(Value::as_u64);
    let listed = entries("channels", answer)?;
    let total = total.unwrap_or(listed.len() as u64);
    Ok(Some(Channels { listed, total }))
}

/// Only the embedded engine has this function.
const CHANNELS: &str = "engine::channels::list";

/// The runs that an engine knows.
pub(crate) struct Runs {
    /// Running runs first, each group with the newest first.
    pub(crate) listed: Vec<Entry>,
    /// Recent errors, the newest first.
    pub(crate) errors: Vec<Entry>,
    /// The complete response of the engine.
    pub(crate) answer: Value,
}

/// Only the embedded engine has this function, with its dashboard.
const RUNS: &str = "engine::runs::list";

/// The runs, at most `limit`.
pub(crate) async fn runs(worker: &Worker, limit: u64) -> Result<Runs, Failure> {
    match ask(worker, RUNS, &json!({ "limit": limit })).await? {
        Some(answer) => Ok(Runs {
            listed: entries("runs", answer.clone())?,
            errors: entries("errors", answer.clone())?,
            answer,
        }),
        None => Err(unlisted(worker, RUNS)),
    }
}

/// Maximum number of runs that an engine lists.
pub(crate) const MOST_RUNS: u64 = 200;

/// Adds `run`, `from` and `to` to the channels that are edges of runs: the number of the run, and
/// the names of the stages at both ends.
pub(crate) async fn name_edges(worker: &Worker, channels: &mut [Entry]) {
    // Names are an addition: an engine may know no runs, or not show them to this program.
    let Ok(runs) = runs(worker, MOST_RUNS).await else {
        return;
    };
    for run in &runs.listed {
        let nodes = run.entries("nodes");
        for edge in run.entries("edges") {
            let id = edge.text("channel_id");
            let channel = channels
                .iter_mut()
                .find(|channel| channel.text("channel_id") == id);
            let (Some(Entry(fields)), Some(number)) = (channel, run.get("run")) else {
                continue;
            };
            fields.insert("run".to_owned(), number.clone());
            for side in ["from", "to"] {
                if let Some(node) = node_at(&nodes, &edge, side) {
                    fields.insert(side.to_owned(), node.text("name").into());
                }
            }
        }
    }
}

/// The node at one side, `from` or `to`, of an edge.
pub(crate) fn node_at<'a>(nodes: &'a [Entry], edge: &Entry, side: &str) -> Option<&'a Entry> {
    let number = edge.number(side)?;
    nodes
        .iter()
        .find(|node| node.number("node") == Some(number))
}

/// The failure if an engine does not list its channels.
pub(crate) fn no_channels(worker: &Worker) -> Failure {
    unlisted(worker, CHANNELS)
}

async fn list(worker: &Worker, name: &'static str) -> Result<Listed, Failure> {
    let function_id = format!("engine::{name}::list");
    let Some(answer) = ask(worker, &function_id, &json!({})).await? else {
        return Err(unlisted(worker, &function_id));
    };
    let left_out = answer.get("left_out").and_then(Value::as_u64);
    Ok(Listed {
        name,
        entries: entries(name, answer)?,
        left_out: left_out.unwrap_or(0),
    })
}

/// Calls a list function; `None` if the engine does not have it.
async fn ask(
    worker: &Worker,
    function_id: &str,
    request: &Value,
) -> Result<Option<Value>, Failure> {
    let asked = worker.trigger(function_id, request).timeout(TIMEOUT);
    match asked.idempotent().call().await {
        Err(CallError::FunctionNotFound { .. }) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

fn unlisted(worker: &Worker, function_id: &str) -> Failure {
    let engine = worker.address();
    let told = format!("the engine at {engine} has no function {function_id}");
    Failure::new(Exit::Failure, told).hint("not every engine lists this; `pipewright engine` does")
}

fn entries(name: &str, mut answer: Value) -> Result<Vec<Entry>, Failure> {
    let Some(Value::Array(list)) = answer.get_mut(name).map(Value::take) else {
        let told = format!("the engine did not answer with a list of {name}");
        return Err(Failure::new(Exit::Failure, told)
            .hint("it may be of a version that this program does not know"));
    };
    Ok(list
        .into_iter()
        .filter_map(|entry| match entry {
            Value::Object(fields) => Some(Entry(fields)),
            _ => None,
        })
        .collect())
}

/// A function's description of itself as a stage.
pub(crate) struct Stage {
    /// `stage`, `producer` or `consumer`.
    pub(crate) kind: String,
    /// The input and output, such as `Line (ndjson)`; `-` for none.
    pub(crate) input: String,
    pub(crate) output: String,
}

impl Stage {
    /// Parses the stage description of `function`, if it has one: `docs/protocol.md` section 10.2.
    pub(crate) fn of(function: &Entry) -> Option<Self> {
        let metadata = function.get("metadata")?;
        metadata.get("pipewright")?;
        let kind = sanitized(metadata.get("kind")?.as_str()?);
        let stream = |name: &str| {
            let stream = metadata.get(name);
            let field = |name: &str| stream?.get(name)?.as_str().map(sanitized);
            match (field("item"), field("format")) {
                (Some(item), Some(format)) => format!("{item} ({format})"),
                (Some(word), None) | (None, Some(word)) => word,
                (None, None) if stream.is_some() => "?".to_owned(),
                (None, None) => "-".to_owned(),
            }
        };
        Some(Self {
            input: stream("input"),
            output: stream("output"),
            kind,
        })
    }
}
