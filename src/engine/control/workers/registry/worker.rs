use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use serde_json::{Map, Value};

use super::{DEFAULT_NAMESPACE, Function, WorkerId};
use crate::engine::control::Outbox;
use crate::wire::AccessKey;

/// A worker: a record that outlives its connections.
///
/// Its key is the id of its current connection, because the worker knows that id. A reattach moves
/// the record to the id of the new connection.
pub(in crate::engine::control) struct Worker {
    /// When it connected.
    pub(in crate::engine::control) since: SystemTime,
    /// The address that it connected from, if over a socket.
    pub(in crate::engine::control) peer: Option<IpAddr>,
    /// The outbox of the current connection.
    pub(in crate::engine::control) outbox: Arc<Outbox>,
    /// Proves that a newer connection belongs to the same worker.
    pub(super) reattach_token: AccessKey,
    /// The id of the first connection, under which quotas are kept across connections.
    pub(in crate::engine::control) identity: WorkerId,
    /// The namespace of its registrations. While the announcement is pending, the default.
    pub(in crate::engine::control) namespace: String,
    pub(super) announced: Announced,
    /// The worker's announcement; empty until it arrives.
    pub(in crate::engine::control) about: Map<String, Value>,
    /// Whether the worker supports pipewright's protocol extensions.
    pub(in crate::engine::control) extended: bool,
    /// Whether the worker is shutting down and waits for its last calls.
    pub(in crate::engine::control) draining: bool,
    /// Set while it has no connection and may reattach: until when its calls are kept.
    pub(super) absent_until: Option<Instant>,
    /// Its functions by id: those that it serves and those that it waits for.
    pub(in crate::engine::control) functions: HashMap<String, FunctionLocation>,
    /// Registrations that wait for the announcement, by function id.
    pub(super) pending: HashMap<String, Function>,
    /// Entries of `pending` that are not in `functions`.
    pub(super) fresh: usize,
    /// Whether anything was registered since the reattach.
    pub(super) replays: bool,
}

/// What is known about a connecting worker.
pub(in crate::engine::control) struct NewWorker {
    pub(in crate::engine::control) outbox: Arc<Outbox>,
    pub(in crate::engine::control) reattach_token: AccessKey,
    pub(in crate::engine::control) peer: Option<IpAddr>,
    pub(in crate::engine::control) since: SystemTime,
}

/// Whether the namespace of a worker is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Announced {
    /// Not yet: registrations wait.
    Awaited,
    /// No announcement arrived in time. A late one still moves the functions.
    Assumed,
    /// Named by the worker.
    Told,
}

/// A function of a worker, with its namespace.
#[derive(Debug)]
pub(in crate::engine::control) struct FunctionLocation {
    pub(super) namespace: String,
    /// Registered before a reattach and not again since.
    pub(super) stale: bool,
}

impl Worker {
    pub(super) fn new(id: WorkerId, joining: NewWorker) -> Self {
        let NewWorker {
            outbox,
            reattach_token,
            peer,
            since,
        } = joining;
        Self {
            since,
            peer,
            outbox,
            reattach_token,
            identity: id,
            namespace: DEFAULT_NAMESPACE.to_owned(),
            announced: Announced::Awaited,
            about: Map::new(),
            extended: false,
            draining: false,
            absent_until: None,
            functions: HashMap::new(),
            pending: HashMap::new(),
            fresh: 0,
            replays: false,
        }
    }

    /// The outbox for its messages.
    pub(in crate::engine::control) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Its name.
    pub(in crate::engine::control) fn name(&self) -> Option<&str> {
        self.about.get("name")?.as_str()
    }

    /// Number of functions that count towards its limit.
    pub(super) fn count(&self) -> usize {
        self.functions.len() + self.fresh
    }

    pub(in crate::engine::control) fn has(&self, function_id: &str) -> bool {
        self.functions.contains_key(function_id) || self.pending.contains_key(function_id)
    }
}
