//! The engine's lists: functions, workers, channels, runs. They never contain keys or tokens.

use std::collections::HashMap;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::super::member::Member;
use super::super::workers::registry::Worker;
use super::functions::{payload, request};
use super::page::{Page, json_len};
use crate::engine::core::Core;
use crate::wire::{ErrorBody, Payload};

/// Default number of channels in one list, and the maximum that a caller may request: a list must
/// fit into a control message (`docs/protocol.md` section 1.5).
const CHANNELS: usize = 1000;
const MOST_CHANNELS: usize = 10_000;

/// Default number of runs in one list, and the maximum that a caller may request.
const RUNS: usize = 20;
const MOST_RUNS: usize = 200;

/// Maximum length of a list in bytes. With its message, it fits into the limit of every engine and
/// most SDKs (`docs/protocol.md` section 1.5).
const LONGEST: usize = 15 << 20;

/// Room for the rest of the message: its ids and the context of the call.
const AROUND: usize = 16 << 10;

/// Maximum length of an entry in the list of channels, whose strings are ids of the engine.
const CHANNEL: usize = 512;

/// Maximum length of an entry in the list of functions, without its strings.
const AROUND_FUNCTION: usize = 192;

/// Maximum length of a list for the worker that requests it.
fn room(member: &Member<'_>) -> usize {
    let limit = member.outbox.message_limit();
    limit.saturating_sub(AROUND).min(LONGEST)
}

/// `engine::functions::list`.
pub(in crate::engine::control) fn functions(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    #[derive(Serialize)]
    struct Listed<'a> {
        function_id: &'a str,
        namespace: &'a str,
        worker_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        worker_name: Option<&'a str>,
        calls: usize,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_format: Option<&'a Payload>,
        #[serde(skip_serializing_if = "Option::is_none")]
        response_format: Option<&'a Payload>,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<&'a Payload>,
    }
    impl Listed<'_> {
        /// Its length without descriptions, and the length of the descriptions.
        fn sizes(&self) -> (usize, usize) {
            let text = |text: Option<&str>| text.map_or(0, json_len);
            let json = |json: Option<&Payload>| json.map_or(0, |json| json.as_json().len());
            let brief = AROUND_FUNCTION
                + [self.function_id, self.namespace, self.worker_id]
                    .map(json_len)
                    .iter()
                    .sum::<usize>()
                + text(self.worker_name);
            let about = text(self.description)
                + json(self.request_format)
                + json(self.response_format)
                + json(self.metadata);
            (brief, about)
        }
    }
    #[derive(Serialize)]
    struct List<'a> {
        functions: &'a [Payload],
        /// Number of functions that did not fit.
        #[serde(skip_serializing_if = "is_zero")]
        left_out: usize,
    }
    let tables = member.tables();
    let running = tables.calls.running();
    let functions = tables.registry.functions().map(|(namespace, function)| {
        let registered = &function.registered;
        let owner = tables.registry.worker(&function.owner);
        let of_worker = running.get(&function.owner);
        let calls = of_worker.and_then(|calls| calls.get(registered.id.as_str()));
        Listed {
            function_id: &registered.id,
            namespace,
            worker_id: &function.owner,
            worker_name: owner.and_then(Worker::name),
            calls: calls.copied().unwrap_or(0),
            description: registered.description.as_deref(),
            request_format: registered.request_format.as_ref(),
            response_format: registered.response_format.as_ref(),
            metadata: registered.metadata.as_ref(),
        }
    });
    let mut functions: Vec<_> = functions.collect();
    functions.sort_unstable_by_key(|listed| (listed.namespace, listed.function_id));
    let mut sizes = HashMap::<&str, usize>::new();
    for listed in &functions {
        let (brief, about) = listed.sizes();
        *sizes.entry(listed.worker_id).or_default() += brief + about;
    }
    let mut page = Page::new(room(member), &sizes);
    // If there is no room for everything, descriptions are omitted.
    let full: HashMap<&str, bool> = sizes
        .iter()
        .map(|(worker, size)| (*worker, page.fits(worker, *size)))
        .collect();
    for mut listed in functions {
        if !full.get(listed.worker_id).is_some_and(|full| *full) {
            listed.description = None;
            listed.request_format = None;
            listed.response_format = None;
            listed.metadata = None;
        }
        page.add(listed.worker_id, &listed)?;
    }
    payload(&List {
        functions: page.entries(),
        left_out: page.left_out(),
    })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// `engine::workers::list`.
pub(in crate::engine::control) fn workers(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    /// Fields of an announcement that are visible to others (`docs/protocol.md` section 1.3).
    const TOLD: [&str; 6] = ["name", "runtime", "version", "description", "os", "pid"];
    /// Maximum number of function ids per worker in the list, and of their bytes. The SDKs need the
    /// field; `function_count` counts all of them.
    const IDS: usize = 200;
    const ID_BYTES: usize = 16 << 10;
    fn ids(worker: &Worker) -> Vec<&str> {
        let mut left = ID_BYTES;
        let mut ids: Vec<&str> = worker.functions.keys().map(String::as_str).collect();
        ids.sort_unstable();
        ids.into_iter()
            .take(IDS)
            .take_while(|id| {
                let fits = id.len() <= left;
                left = left.saturating_sub(id.len());
                fits
            })
            .collect()
    }
    // Both the names that the SDKs read and the names that this engine has always used.
    fn listed(id: &str, worker: &Worker, calls: usize) -> Value {
        let connected = worker.since.duration_since(SystemTime::UNIX_EPOCH);
        let connected = connected.unwrap_or_default().as_millis();
        let fields = json!({
            "id": id,
            "worker_id": id,
            "namespace": worker.namespace,
            "status": "connected",
            "connected_at_ms": u64::try_from(connected).unwrap_or(u64::MAX),
            "ip_address": worker.peer,
            "functions": ids(worker),
            "function_count": worker.functions.len(),
            "active_invocations": calls,
            "calls": calls,
        });
        let mut listed = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        for name in TOLD {
            if let Some(value) = worker.about.get(name).filter(|value| !value.is_null()) {
                listed.insert(name.to_owned(), value.clone());
            }
        }
        listed.into()
    }
    let tables = member.tables();
    let running = tables.calls.running();
    let workers: Vec<Value> = tables
        .registry
        .workers()
        .map(|(id, worker)| {
            let calls = running.get(id).map_or(0, |calls| calls.values().sum());
            listed(id, worker, calls)
        })
        .collect();
    // The size of each entry is bounded (`announcement`), so it does not matter which are left out.
    let mut left = room(member);
    let (mut listed, mut left_out) = (Vec::new(), 0);
    for worker in &workers {
        let worker = payload(worker)?;
        match left.checked_sub(worker.as_json().len() + 1) {
            Some(rest) => {
                left = rest;
                listed.push(worker);
            }
            None => left_out += 1,
        }
    }
    let mut list = Map::new();
    list.insert("workers".to_owned(), json!(listed));
    if left_out > 0 {
        list.insert("left_out".to_owned(), left_out.into());
    }
    payload(&list)
}

/// `engine::channels::list`.
pub(in crate::engine::control) fn channels(
    member: &Member<'_>,
    data: &Payload,
    core: &Core,
) -> Result<Payload, ErrorBody> {
    let limit = limit(data, CHANNELS, MOST_CHANNELS)?;
    payload(&core.channels.list(limit.min(room(member) / CHANNEL)))
}

/// `engine::runs::list`.
pub(in crate::engine::control) fn runs(
    member: &Member<'_>,
    data: &Payload,
    core: &Core,
) -> Result<Payload, ErrorBody> {
    let (mut limit, room) = (limit(data, RUNS, MOST_RUNS)?, room(member));
    loop {
        let Some(runs) = core.runs.list(limit, |ids| core.channels.look(ids)) else {
            let message = "the engine keeps no record of runs: its dashboard is switched off";
            return Err(ErrorBody::new(ErrorBody::FUNCTION_NOT_FOUND, message));
        };
        let list = payload(&runs)?;
        let len = list.as_json().len();
        if len <= room {
            return Ok(list);
        }
        if limit == 0 {
            let message = format!("the list has {len} bytes, over the limit of {room}");
            return Err(ErrorBody::new(ErrorBody::PAYLOAD_TOO_LARGE, message));
        }
        limit /= 2;
    }
}

/// The requested length of a list, at most `most`.
fn limit(data: &Payload, unless_told: usize, most: usize) -> Result<usize, ErrorBody> {
    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        limit: Option<usize>,
    }
    let Request { limit } = request(data, r#"{"limit": 100}"#)?;
    Ok(limit.unwrap_or(unless_told).min(most))
}
