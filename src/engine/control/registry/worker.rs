use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::{DEFAULT_NAMESPACE, Function, WorkerId};
use crate::engine::control::Outbox;
use crate::wire::AccessKey;

/// A worker: a record that its connections come and go with.
///
/// It is filed by the id of its present connection, because that is the id that the worker knows.
/// A reattach moves the record to the id of the new connection.
pub(in crate::engine::control) struct Worker {
    /// When it connected.
    pub(in crate::engine::control) since: SystemTime,
    /// The address that it connected from, if by a socket.
    pub(in crate::engine::control) peer: Option<IpAddr>,
    /// Of the present connection.
    pub(in crate::engine::control) outbox: Arc<Outbox>,
    /// Proves that a newer connection is the same worker.
    pub(super) reattach_token: AccessKey,
    /// The id of the first connection. Quotas that outlive a connection are kept under it.
    pub(in crate::engine::control) identity: WorkerId,
    /// Where its registrations go; while the announcement is awaited, where they go if none comes.
    pub(in crate::engine::control) namespace: String,
    pub(super) announced: Announced,
    /// What the worker said of itself; empty until it announces itself.
    pub(in crate::engine::control) about: Map<String, Value>,
    /// Whether the worker understands pipewright's additions to the protocol.
    pub(in crate::engine::control) extended: bool,
    /// Whether the worker is shutting down and waits for its last calls to be answered.
    pub(in crate::engine::control) draining: bool,
    /// Its filed functions by id: those that it serves and those that it waits for.
    pub(in crate::engine::control) functions: HashMap<String, Filed>,
    /// Registrations that wait for the announcement, by function id.
    pub(super) pending: HashMap<String, Function>,
    /// Entries of `pending` that are not in `functions`.
    pub(super) fresh: usize,
    /// Whether something was registered since the reattach.
    pub(super) replays: bool,
}

/// What is known of a worker that connects.
pub(in crate::engine::control) struct Joining {
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
    /// No announcement came in time. A late one still moves what was filed meanwhile.
    Assumed,
    /// By the worker.
    Told,
}

/// Where a function of a worker is filed.
#[derive(Debug)]
pub(in crate::engine::control) struct Filed {
    pub(super) namespace: String,
    /// From before a reattach and not registered again since.
    pub(super) stale: bool,
}

impl Worker {
    pub(super) fn new(id: WorkerId, joining: Joining) -> Self {
        let Joining {
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
            functions: HashMap::new(),
            pending: HashMap::new(),
            fresh: 0,
            replays: false,
        }
    }

    /// Where messages for it wait.
    pub(in crate::engine::control) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// What it calls itself.
    pub(in crate::engine::control) fn name(&self) -> Option<&str> {
        self.about.get("name")?.as_str()
    }

    /// Functions that count towards its limit.
    pub(super) fn count(&self) -> usize {
        self.functions.len() + self.fresh
    }

    pub(in crate::engine::control) fn has(&self, function_id: &str) -> bool {
        self.functions.contains_key(function_id) || self.pending.contains_key(function_id)
    }
}
