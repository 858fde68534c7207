use std::collections::HashMap;
use std::sync::Arc;

use super::slot::Function;
use super::worker::FunctionLocation;
use super::{FunctionRefused, Notice, Registry, RegistryUpdate, WorkerId};
use crate::wire::RegisterFunction;

/// Adds and removes functions; used by the transitions.
impl Registry {
    /// Adds a function of a worker to a namespace, and removes it from any other.
    pub(super) fn file(
        &mut self,
        id: &WorkerId,
        namespace: &str,
        function: Arc<RegisterFunction>,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        let function_id = function.id.clone();
        let filed = FunctionLocation {
            namespace: namespace.to_owned(),
            stale: false,
        };
        if let Some(before) = worker.functions.insert(function_id.clone(), filed)
            && before.namespace != namespace
        {
            self.unfile(id, &before.namespace, &function_id, notices);
        }
        let group = self.functions.entry(namespace.to_owned()).or_default();
        let slot = group.entry(function_id.clone()).or_default();
        let waits_for = slot.place(Function::new(id.clone(), function));
        let promoted = slot.promote();
        if let Some(owner) = waits_for {
            let refused = FunctionRefused::Conflict {
                namespace: namespace.to_owned(),
                function_id: function_id.clone(),
                owner,
            };
            notices.push(Notice::refused(id, refused));
        }
        notices.extend(active(promoted, namespace, &function_id));
    }

    /// Removes a function of a worker from a namespace, so that a waiting worker can take it over.
    pub(super) fn unfile(
        &mut self,
        id: &WorkerId,
        namespace: &str,
        function_id: &str,
        notices: &mut Vec<Notice>,
    ) -> Option<Arc<RegisterFunction>> {
        let group = self.functions.get_mut(namespace)?;
        let slot = group.get_mut(function_id)?;
        let removed = slot.remove(id);
        notices.extend(active(slot.promote(), namespace, function_id));
        if slot.is_empty() {
            group.remove(function_id);
            if group.is_empty() {
                self.functions.remove(namespace);
            }
        }
        removed
    }

    /// Adds the functions that waited for the announcement of a worker.
    pub(super) fn file_pending(
        &mut self,
        id: &WorkerId,
        namespace: &str,
        notices: &mut Vec<Notice>,
    ) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        worker.fresh = 0;
        let mut pending: Vec<_> = std::mem::take(&mut worker.pending)
            .into_values()
            .map(|function| function.registered)
            .collect();
        pending.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        for function in pending {
            self.unexpect(&function.id);
            self.file(id, namespace, function, notices);
        }
    }

    /// Moves the functions of a worker to another namespace.
    pub(super) fn move_filed(&mut self, id: &WorkerId, namespace: &str, notices: &mut Vec<Notice>) {
        let Some(worker) = self.workers.get_mut(id) else {
            return;
        };
        for (function_id, filed) in std::mem::take(&mut worker.functions) {
            if let Some(function) = self.unfile(id, &filed.namespace, &function_id, notices) {
                self.file(id, namespace, function, notices);
            }
        }
    }

    pub(super) fn exceeds(&self, id: &WorkerId) -> bool {
        let worker = self.workers.get(id);
        worker.is_some_and(|worker| worker.count() > self.max_functions)
    }

    /// Removes one function that was not registered again since the reattach, and returns its id.
    pub(in crate::engine::control) fn make_room(
        &mut self,
        id: &WorkerId,
        notices: &mut Vec<Notice>,
    ) -> Option<String> {
        let stale = self.stale(id).next().map(str::to_owned)?;
        self.unregister(id, &stale, notices);
        Some(stale)
    }

    /// Removes all functions that were not registered again since the reattach.
    pub(super) fn remove_stale(&mut self, id: &WorkerId, notices: &mut Vec<Notice>) {
        let stale: Vec<_> = self.stale(id).map(str::to_owned).collect();
        for function_id in stale {
            self.unregister(id, &function_id, notices);
        }
    }

    fn stale(&self, id: &WorkerId) -> impl Iterator<Item = &str> {
        let functions = self.workers.get(id).map(|worker| &worker.functions);
        let stale = functions
            .into_iter()
            .flatten()
            .filter(|(_, filed)| filed.stale);
        stale.map(|(function_id, _)| function_id.as_str())
    }

    /// Decrements the number of workers with a pending registration of this id.
    pub(super) fn unexpect(&mut self, function_id: &str) {
        if let Some(workers) = self.expected.get_mut(function_id) {
            *workers -= 1;
            if *workers == 0 {
                self.expected.remove(function_id);
            }
        }
    }

    /// The number of functions, including those that wait for an announcement.
    pub(in crate::engine::control) fn count(&self) -> usize {
        self.expected.len() + self.functions.values().map(HashMap::len).sum::<usize>()
    }
}

fn active<'a>(
    promoted: Vec<WorkerId>,
    namespace: &'a str,
    function_id: &'a str,
) -> impl Iterator<Item = Notice> + use<'a> {
    promoted.into_iter().map(|to| Notice {
        to,
        what: RegistryUpdate::Active {
            namespace: namespace.to_owned(),
            function_id: function_id.to_owned(),
        },
    })
}
