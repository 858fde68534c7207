use std::collections::HashMap;
use std::net::IpAddr;
use std::time::SystemTime;

use serde::Serialize;
use serde_json::Value;

use super::super::calls::table::Calls;
use super::super::workers::registry::{Registry, Worker};
use super::page::{Page, is_zero, json_len};

/// Fields of an announcement that are visible to others (`docs/protocol.md` section 1.3).
const TOLD: [&str; 6] = ["name", "runtime", "version", "description", "os", "pid"];

/// Maximum number of function ids per worker in the list, and of their bytes as JSON. The SDKs need
/// the field; `function_count` counts all of them.
const IDS: usize = 200;
const ID_BYTES: usize = 16 << 10;

/// The names of the fields of an entry, its punctuation, numbers and address.
const FIELDS: usize = 512;

/// Maximum length of a number or a boolean of an announcement.
const NUMBER: usize = 32;

/// A worker that is listed. It has both the names that the SDKs read and the names that this engine
/// has always used.
#[derive(Serialize)]
struct Entry {
    id: String,
    worker_id: String,
    namespace: String,
    status: &'static str,
    connected_at_ms: u64,
    ip_address: Option<IpAddr>,
    functions: Vec<String>,
    function_count: usize,
    active_invocations: usize,
    calls: usize,
    #[serde(flatten)]
    told: HashMap<&'static str, Value>,
}

/// The result of `engine::workers::list`.
#[derive(Serialize)]
pub(super) struct WorkerList {
    workers: Vec<Entry>,
    /// Number of workers that did not fit.
    #[serde(skip_serializing_if = "is_zero")]
    left_out: usize,
}

impl WorkerList {
    /// The workers that fit into `room` bytes, in the order in which they connected.
    pub(super) fn chosen(registry: &Registry, calls: &Calls, room: usize) -> Self {
        let mut workers: Vec<_> = registry.workers().collect();
        workers.sort_unstable_by_key(|(id, worker)| (worker.since, *id));
        let size = |id: &str, worker| brief(id, worker) + size_of_ids(&ids(worker, ID_BYTES));
        let sizes = workers
            .iter()
            .map(|(id, worker)| (&***id, size(id, worker)));
        let sizes: HashMap<&str, usize> = sizes.collect();
        let mut page = Page::new(room, &sizes);
        let running = calls.running();
        let mut entries = Vec::new();
        for (id, worker) in workers {
            // If there is no room for everything, function ids are omitted.
            let brief = brief(id, worker);
            let ids = ids(worker, page.share(id).saturating_sub(brief));
            if !page.reserve(id, brief + size_of_ids(&ids)) {
                continue;
            }
            let connected = worker.since.duration_since(SystemTime::UNIX_EPOCH);
            let connected = connected.unwrap_or_default().as_millis();
            let calls = running.get(id).map_or(0, |calls| calls.values().sum());
            let told = told(worker).map(|(name, value)| (name, value.clone()));
            entries.push(Entry {
                id: id.to_string(),
                worker_id: id.to_string(),
                namespace: worker.namespace.clone(),
                status: "connected",
                connected_at_ms: u64::try_from(connected).unwrap_or(u64::MAX),
                ip_address: worker.peer,
                functions: ids.into_iter().map(str::to_owned).collect(),
                function_count: worker.functions.len(),
                active_invocations: calls,
                calls,
                told: told.collect(),
            });
        }
        Self {
            workers: entries,
            left_out: page.left_out(),
        }
    }
}

/// Maximum length of an entry without function ids.
fn brief(id: &str, worker: &Worker) -> usize {
    let told = told(worker).map(|(_, value)| value.as_str().map_or(NUMBER, json_len));
    FIELDS + 2 * json_len(id) + json_len(&worker.namespace) + told.sum::<usize>()
}

fn size_of_ids(ids: &[&str]) -> usize {
    ids.iter().map(|id| json_len(id) + 1).sum()
}

fn told(worker: &Worker) -> impl Iterator<Item = (&'static str, &Value)> {
    let told = TOLD
        .iter()
        .filter_map(|name| Some((*name, worker.about.get(*name)?)));
    told.filter(|(_, value)| !value.is_null())
}

/// The first of its function ids, by name, as far as they fit into `room` bytes.
fn ids(worker: &Worker, room: usize) -> Vec<&str> {
    let mut left = room.min(ID_BYTES);
    let mut ids: Vec<&str> = worker.functions.keys().map(String::as_str).collect();
    ids.sort_unstable();
    let fits = |id: &&str| {
        let rest = left.checked_sub(json_len(id) + 1);
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    ids.into_iter().take(IDS).take_while(fits).collect()
}
