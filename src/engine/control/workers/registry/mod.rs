//! Workers and their functions, in one synchronous table.
//!
//! | transition | by |
//! |---|---|
//! | connect | [`Registry::join`]: a new record, whose registrations wait for its announcement |
//! | announce | [`Registry::announce`]: moves pending registrations to the namespace of the announcement |
//! | announce late, or never | [`Registry::settle`]: moves them to the default namespace; a later announcement moves them again |
//! | reattach | [`Registry::reattach`]: the record of the older connection continues with the newer one; functions that are not registered again are removed |
//! | lose the connection | [`Registry::lose`]: removes the functions; the record with its calls waits for a reattach |
//! | be detached | [`Registry::detach`]: the record waits for its newer connection to confirm the reattach |
//! | stay away | [`Registry::expired`]: the record leaves |
//! | leave | [`Registry::leave`]: removes the functions; the identity is kept for a reattach |
//!
//! A function id in a namespace belongs to one worker, or to several that all share it. Other
//! workers wait in order of arrival, and serve it when those before them have left.

mod absent;
mod disconnected;
mod functions;
#[cfg(test)]
mod model;
mod slot;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::{FunctionRefused, Outbox};
use crate::wire::{AccessKey, EXTENSIONS, RegisterFunction};
use disconnected::DisconnectedWorkers;
use slot::Slot;
use worker::{Announced, FunctionLocation};

pub(in crate::engine) use slot::WorkerId;
pub(in crate::engine::control) use slot::{DEFAULT_NAMESPACE, Function};
pub(in crate::engine::control) use worker::{NewWorker, Worker};

/// The connected workers and their functions. Synchronous, without I/O.
pub(in crate::engine::control) struct Registry {
    /// Maximum number of functions of one worker.
    max_functions: usize,
    /// Bounded by the connections.
    workers: HashMap<WorkerId, Worker>,
    disconnected_workers: DisconnectedWorkers,
    /// By namespace and id. Bounded by `max_functions` per worker.
    functions: HashMap<String, HashMap<String, Slot>>,
    /// Function ids whose registration waits for an announcement, with the number of workers.
    expected: HashMap<String, usize>,
}

/// The older connection that a reattach has replaced, if it still exists.
pub(in crate::engine::control) struct Replaced(pub(in crate::engine::control) Option<Arc<Outbox>>);

/// A notification for a worker.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::control) struct Notice {
    pub(in crate::engine::control) to: WorkerId,
    pub(in crate::engine::control) what: RegistryUpdate,
}

#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::control) enum RegistryUpdate {
    Refused(FunctionRefused),
    /// A waiting function is now served by the worker.
    Active {
        namespace: String,
        function_id: String,
    },
}

impl Registry {
    pub(in crate::engine::control) fn new(max_functions: usize) -> Self {
        Self {
            max_functions,
            workers: HashMap::new(),
            disconnected_workers: DisconnectedWorkers::default(),
            functions: HashMap::new(),
            expected: HashMap::new(),
        }
    }

    pub(in crate::engine::control) fn join(&mut self, id: WorkerId, joining: NewWorker) {
        let worker = Worker::new(id.clone(), joining);
        self.workers.insert(id, worker);
    }

    /// Removes a worker and its functions. A reattach finds its identity.
    pub(in crate::engine::control) fn leave(&mut self, id: &WorkerId, notices: &mut Vec<Notice>) {
        self.withdraw(id, notices);
        if let Some(worker) = self.workers.remove(id) {
            self.disconnected_workers
                .add(id.clone(), worker.reattach_token, worker.identity);
        }
    }

    /// Unregisters all functions of a worker, whose record ends when its last calls are answered.
    pub(in crate::engine::control) fn drain(&mut self, id: &WorkerId, notices: &mut Vec<Notice>) {
        self.withdraw(id, notices);
        if let Some(worker) = self.workers.get_mut(id) {
            worker.draining = true;
        }
    }

    /// Unregisters all functions of a worker.
    pub(in crate::engine::control) fn withdraw(
        &mut self,
        id: &WorkerId,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        worker.fresh = 0;
        let functions = std::mem::take(&mut worker.functions);
        for function_id in std::mem::take(&mut worker.pending).into_keys() {
            self.unexpect(&function_id);
        }
        for (function_id, filed) in functions {
            self.unfile(id, &filed.namespace, &function_id, notices);
        }
    }

    /// Makes a newer connection of the same worker the current one (`docs/protocol.md` section
    /// 2.5); `None` for a wrong token.
    pub(in crate::engine::control) fn reattach(
        &mut self,
        new: &WorkerId,
        old: &WorkerId,
        reattach_token: &AccessKey,
        notices: &mut Vec<Notice>,
    ) -> Option<Replaced> {
        if new == old || !self.workers.contains_key(new) {
            return None;
        }
        let Some(known) = self.workers.get_mut(old) else {
            let identity = self.disconnected_workers.take(old, reattach_token)?;
            self.workers.get_mut(new)?.identity = identity;
            return Some(Replaced(None));
        };
        if known.reattach_token != *reattach_token {
            return None;
        }
        for function_id in std::mem::take(&mut known.pending).into_keys() {
            self.unexpect(&function_id);
        }
        let mut left = self.workers.remove(old)?;
        for (function_id, filed) in std::mem::take(&mut left.functions) {
            let present = self.workers.get_mut(new)?;
            if present.functions.contains_key(&function_id) {
                self.unfile(old, &filed.namespace, &function_id, notices);
                continue;
            }
            let slot = self
                .functions
                .get_mut(&filed.namespace)
                .and_then(|group| group.get_mut(&function_id));
            if let Some(slot) = slot {
                slot.rename(old, new);
            }
            let replayed = present.pending.contains_key(&function_id);
            present.fresh -= usize::from(replayed);
            let filed = FunctionLocation {
                stale: !replayed,
                ..filed
            };
            present.functions.insert(function_id, filed);
        }
        let present = self.workers.get_mut(new)?;
        present.identity = left.identity;
        present.replays = !present.pending.is_empty();
        if present.announced == Announced::Awaited {
            present.namespace = left.namespace;
            present.about = left.about;
            present.extended = left.extended;
        }
        while self.exceeds(new) && self.make_room(new, notices).is_some() {}
        Some(Replaced(Some(left.outbox)))
    }

    /// Stores the announcement of a worker, and moves pending registrations to the namespace that
    /// it names.
    pub(in crate::engine::control) fn announce(
        &mut self,
        id: &WorkerId,
        about: Map<String, Value>,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        let namespace = about
            .get("namespace")
            .and_then(Value::as_str)
            .filter(|namespace| !namespace.trim().is_empty())
            .unwrap_or(DEFAULT_NAMESPACE)
            .to_owned();
        // pipewright workers state it; for other workers, assume it once they have registered a
        // function.
        let replayed = about.get("replayed").and_then(Value::as_bool) == Some(true);
        let replayed = replayed || worker.replays;
        worker.extended = about.get(EXTENSIONS).and_then(Value::as_u64) >= Some(1);
        worker.about = about;
        worker.namespace.clone_from(&namespace);
        let before = std::mem::replace(&mut worker.announced, Announced::Told);
        if before == Announced::Assumed {
            self.move_filed(id, &namespace, notices);
        }
        self.file_pending(id, &namespace, notices);
        if replayed {
            self.remove_stale(id, notices);
        }
    }

    /// Stops waiting for the announcement and the repeated registrations of a worker.
    pub(in crate::engine::control) fn settle(&mut self, id: &WorkerId, notices: &mut Vec<Notice>) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        if worker.announced == Announced::Awaited {
            worker.announced = Announced::Assumed;
            let namespace = worker.namespace.clone();
            self.file_pending(id, &namespace, notices);
        }
        self.remove_stale(id, notices);
    }

    /// Adds a function or replaces one of the same worker.
    pub(in crate::engine::control) fn register(
        &mut self,
        id: &WorkerId,
        function: RegisterFunction,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get(id) else {
            return;
        };
        let is_new = !worker.has(&function.id);
        if is_new && worker.count() >= self.max_functions && self.make_room(id, notices).is_none() {
            let refused = FunctionRefused::TooMany {
                function_id: function.id,
                max: self.max_functions,
            };
            notices.push(Notice::refused(id, refused));
            return;
        }
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        worker.replays = true;
        if worker.announced != Announced::Awaited {
            let namespace = worker.namespace.clone();
            return self.file(id, &namespace, Arc::new(function), notices);
        }
        match worker.functions.get_mut(&function.id) {
            Some(filed) => filed.stale = false,
            None => worker.fresh += usize::from(!worker.pending.contains_key(&function.id)),
        }
        let function_id = function.id.clone();
        let function = Function::new(id.clone(), Arc::new(function));
        if worker
            .pending
            .insert(function_id.clone(), function)
            .is_none()
        {
            *self.expected.entry(function_id).or_default() += 1;
        }
    }

    pub(in crate::engine::control) fn unregister(
        &mut self,
        id: &WorkerId,
        function_id: &str,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        let filed = worker.functions.remove(function_id);
        if worker.pending.remove(function_id).is_some() {
            worker.fresh -= usize::from(filed.is_none());
            self.unexpect(function_id);
        }
        if let Some(filed) = filed {
            self.unfile(id, &filed.namespace, function_id, notices);
        }
    }

    /// The worker that executes a call of a function: the one with the lowest `load`.
    pub(in crate::engine::control) fn pick(
        &mut self,
        namespace: &str,
        function_id: &str,
        load: impl Fn(&WorkerId) -> usize,
    ) -> Option<(WorkerId, &Worker)> {
        let slot = self.functions.get_mut(namespace)?.get_mut(function_id)?;
        let picked = slot.pick(load)?.clone();
        let worker = self.workers.get(&picked)?;
        Some((picked, worker))
    }

    /// Whether a registration of this id waits for the announcement of its worker.
    pub(in crate::engine::control) fn expects(&self, function_id: &str) -> bool {
        self.expected.contains_key(function_id)
    }

    /// Whether the announcement and the repeated registrations of a worker are no longer awaited.
    pub(in crate::engine::control) fn is_settled(&self, id: &WorkerId) -> bool {
        self.workers.get(id).is_none_or(|worker| {
            worker.announced != Announced::Awaited
                && !worker.functions.values().any(|filed| filed.stale)
        })
    }

    pub(in crate::engine::control) fn worker(&self, id: &str) -> Option<&Worker> {
        self.workers.get(id)
    }

    /// The connected workers.
    pub(in crate::engine::control) fn workers(&self) -> impl Iterator<Item = (&WorkerId, &Worker)> {
        let present = |(_, worker): &(&WorkerId, &Worker)| worker.absent_until.is_none();
        self.workers.iter().filter(present)
    }

    /// All functions with their namespaces; a shared function is listed once, for its first worker.
    /// A registration that waits for an announcement is listed in the default namespace, unless
    /// another worker has the id there.
    pub(in crate::engine::control) fn functions(&self) -> impl Iterator<Item = (&str, &Function)> {
        let served = self.functions.iter().flat_map(|(namespace, group)| {
            let namespace = namespace.as_str();
            let serving = group.values().filter_map(|slot| slot.serving().first());
            serving.map(move |function| (namespace, function))
        });
        let pending = self.workers.values().flat_map(|worker| {
            let namespace = worker.namespace.as_str();
            let group = self.functions.get(namespace);
            let free = move |id: &String| group.is_none_or(|group| !group.contains_key(id));
            let pending = worker.pending.iter().filter(move |(id, _)| free(id));
            pending.map(move |(_, function)| (namespace, function))
        });
        served.chain(pending)
    }
}

impl Notice {
    pub(in crate::engine::control) fn refused(to: &WorkerId, refused: FunctionRefused) -> Self {
        Self {
            to: to.clone(),
            what: RegistryUpdate::Refused(refused),
        }
    }
}
