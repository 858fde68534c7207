//! Short lists of workers and functions for people.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::control_plane::Control;
use super::super::workers::registry::{Function, Worker};
use crate::engine::truncate::{LONGEST_NAME, truncate};

/// A worker, as it announced itself (`docs/protocol.md` section 1.3), and its load.
#[derive(Debug, Serialize)]
pub(in crate::engine) struct WorkerRow {
    worker_id: String,
    name: Option<String>,
    runtime: Option<String>,
    version: Option<String>,
    os: Option<String>,
    pid: Option<u64>,
    functions: usize,
    calls: usize,
}

/// A function and its worker.
#[derive(Debug, Serialize)]
pub(in crate::engine) struct FunctionRow {
    function_id: String,
    namespace: String,
    /// The name or id of its worker.
    worker: String,
    calls: usize,
    /// Its kind, from its metadata (`docs/protocol.md` section 10.2).
    kind: Option<String>,
    description: Option<String>,
}

impl Control {
    /// At most `limit` workers by name, and the number of all.
    pub(in crate::engine) fn worker_rows(&self, limit: usize) -> (Vec<WorkerRow>, usize) {
        let tables = self.lock();
        let running = tables.calls.running();
        let mut workers: Vec<_> = tables.registry.workers().collect();
        let total = workers.len();
        workers.sort_unstable_by_key(|(id, worker)| (worker.name(), (*id).clone()));
        let rows = workers.into_iter().take(limit).map(|(id, worker)| {
            let told = |name| worker.about.get(name).and_then(Value::as_str).map(brief);
            WorkerRow {
                worker_id: id.to_string(),
                name: told("name"),
                runtime: told("runtime"),
                version: told("version"),
                os: told("os"),
                pid: worker.about.get("pid").and_then(Value::as_u64),
                functions: worker.functions.len(),
                calls: running.get(id).map_or(0, |calls| calls.values().sum()),
            }
        });
        (rows.collect(), total)
    }

    /// At most `limit` functions by id, and the number of all.
    pub(in crate::engine) fn function_rows(&self, limit: usize) -> (Vec<FunctionRow>, usize) {
        let tables = self.lock();
        let running = tables.calls.running();
        let mut functions: Vec<_> = tables.registry.functions().collect();
        let total = functions.len();
        functions.sort_unstable_by_key(|(namespace, known)| (&known.registered.id, *namespace));
        let rows = functions.into_iter().take(limit);
        let rows = rows.map(|(namespace, known)| {
            let Function {
                owner, registered, ..
            } = known;
            let worker = tables.registry.worker(owner).and_then(Worker::name);
            let calls = running.get(owner);
            FunctionRow {
                function_id: brief(&registered.id),
                namespace: brief(namespace),
                worker: brief(worker.unwrap_or(owner)),
                calls: calls
                    .and_then(|calls| calls.get(&*registered.id))
                    .copied()
                    .unwrap_or(0),
                kind: kind(known),
                description: registered.description.as_deref().map(brief),
            }
        });
        (rows.collect(), total)
    }
}

fn brief(text: &str) -> String {
    truncate(text, LONGEST_NAME)
}

fn kind(known: &Function) -> Option<String> {
    #[derive(Deserialize)]
    struct Metadata {
        kind: String,
    }
    /// pipewright's metadata is short; longer metadata comes from other implementations.
    const LONGEST: usize = 4 << 10;
    let metadata = known.registered.metadata.as_ref()?;
    if metadata.as_json().len() > LONGEST {
        return None;
    }
    let Metadata { kind } = metadata.parse().ok()?;
    Some(brief(&kind))
}
