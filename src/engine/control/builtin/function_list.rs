use std::collections::HashMap;
use std::sync::Arc;

use serde::Serialize;

use super::super::calls::table::Calls;
use super::super::workers::registry::{Function, Registry, Worker, WorkerId};
use super::page::{Page, is_zero, json_len, size_of};
use super::payload::payload;
use crate::wire::{ErrorBody, Payload, RegisterFunction};

/// The names of the fields of an entry, its punctuation and its number.
const FIELDS: usize = 192;

/// A function that is listed. It shares its registration with the tables.
struct Entry {
    registered: Arc<RegisterFunction>,
    namespace: String,
    worker_id: WorkerId,
    worker_name: Option<String>,
    calls: usize,
    /// Whether it is listed with descriptions.
    full: bool,
}

/// The result of `engine::functions::list`.
pub(super) struct FunctionList {
    entries: Vec<Entry>,
    /// Number of functions that did not fit.
    left_out: usize,
}

impl FunctionList {
    /// The functions that fit into `room` bytes, by namespace and id.
    pub(super) fn chosen(registry: &Registry, calls: &Calls, room: usize) -> Self {
        let mut functions: Vec<_> = registry.functions().collect();
        functions
            .sort_unstable_by_key(|(namespace, function)| (*namespace, &function.registered.id));
        let name = |owner: &WorkerId| registry.worker(owner).and_then(Worker::name);
        let mut sizes = HashMap::<&str, usize>::new();
        for (namespace, function) in &functions {
            let size = brief(namespace, function, name(&function.owner)) + about(function);
            *sizes.entry(&function.owner).or_default() += size;
        }
        let mut page = Page::new(room, &sizes);
        // If there is no room for everything, descriptions are omitted.
        let full: HashMap<&str, bool> = sizes
            .iter()
            .map(|(worker, size)| (*worker, page.fits(worker, *size)))
            .collect();
        let running = calls.running();
        let mut entries = Vec::new();
        for (namespace, function) in &functions {
            let Function {
                owner, registered, ..
            } = function;
            let full = full.get(&**owner).is_some_and(|full| *full);
            let about = if full { about(function) } else { 0 };
            let worker_name = name(owner);
            if !page.reserve(owner, brief(namespace, function, worker_name) + about) {
                continue;
            }
            let calls = running.get(owner);
            let calls = calls.and_then(|calls| calls.get(registered.id.as_str()));
            entries.push(Entry {
                registered: Arc::clone(registered),
                namespace: (*namespace).to_owned(),
                worker_id: owner.clone(),
                worker_name: worker_name.map(str::to_owned),
                calls: calls.copied().unwrap_or(0),
                full,
            });
        }
        Self {
            entries,
            left_out: page.left_out(),
        }
    }

    /// The list as it is sent.
    pub(super) fn written(&self) -> Result<Payload, ErrorBody> {
        #[derive(Serialize)]
        struct List {
            functions: Vec<Payload>,
            #[serde(skip_serializing_if = "is_zero")]
            left_out: usize,
        }
        let functions = self.entries.iter().map(Entry::listed);
        payload(&List {
            functions: functions.collect::<Result<_, _>>()?,
            left_out: self.left_out,
        })
    }
}

/// Maximum length of an entry without its descriptions.
fn brief(namespace: &str, function: &Function, worker_name: Option<&str>) -> usize {
    let texts = [&function.registered.id, namespace, &function.owner];
    FIELDS + texts.map(json_len).iter().sum::<usize>() + worker_name.map_or(0, json_len)
}

/// Maximum length of the descriptions of an entry.
fn about(function: &Function) -> usize {
    let registered = &function.registered;
    size_of(registered.description.as_deref())
        + [
            &registered.request_format,
            &registered.response_format,
            &registered.metadata,
        ]
        .into_iter()
        .flatten()
        .map(Payload::len)
        .sum::<usize>()
}

impl Entry {
    fn listed(&self) -> Result<Payload, ErrorBody> {
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
        let registered = &*self.registered;
        let about = self.full.then_some(registered);
        payload(&Listed {
            function_id: &registered.id,
            namespace: &self.namespace,
            worker_id: &self.worker_id,
            worker_name: self.worker_name.as_deref(),
            calls: self.calls,
            description: about.and_then(|about| about.description.as_deref()),
            request_format: about.and_then(|about| about.request_format.as_ref()),
            response_format: about.and_then(|about| about.response_format.as_ref()),
            metadata: about.and_then(|about| about.metadata.as_ref()),
        })
    }
}
