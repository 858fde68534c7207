use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;

use crate::wire::{Payload, RegisterFunction};

/// The namespace of workers that announce none (`docs/protocol.md` section 1.3).
pub(in crate::engine::control) const DEFAULT_NAMESPACE: &str = "default";

/// Identifies one control connection.
pub(in crate::engine) type WorkerId = Arc<str>;

/// One registration of a function by one worker.
pub(in crate::engine::control) struct Function {
    pub(in crate::engine::control) owner: WorkerId,
    pub(in crate::engine::control) registered: Arc<RegisterFunction>,
    /// Whether the worker shares the function with others.
    pub(super) shared: bool,
}

impl Function {
    pub(super) fn new(owner: WorkerId, registered: Arc<RegisterFunction>) -> Self {
        let shared = registered.metadata.as_ref().is_some_and(is_shared);
        Self {
            owner,
            registered,
            shared,
        }
    }
}

/// Reads the member `shared` of the metadata (`docs/protocol.md` section 2.1).
fn is_shared(metadata: &Payload) -> bool {
    #[derive(Deserialize)]
    struct Metadata {
        #[serde(default)]
        shared: bool,
    }
    metadata.as_json().starts_with('{')
        && metadata
            .parse::<Metadata>()
            .is_ok_and(|metadata| metadata.shared)
}

/// The workers of one function id in one namespace.
///
/// Invariants: a worker is in at most one of the lists, and once. If `serving` is empty, so is
/// `waiting`. If `serving` has several entries, all of them are shared.
#[derive(Default)]
pub(super) struct Slot {
    serving: Vec<Function>,
    /// In order of arrival.
    waiting: VecDeque<Function>,
}

impl Slot {
    /// Adds or replaces the registration of a worker. Returns the worker that it has to wait for,
    /// or `None` if it serves.
    pub(super) fn place(&mut self, function: Function) -> Option<WorkerId> {
        let owner = &function.owner;
        if let Some(at) = self.serving.iter().position(|known| known.owner == *owner) {
            if self.serving.len() == 1 || function.shared {
                self.serving[at] = function;
                return None;
            }
            self.serving.remove(at);
        } else if let Some(at) = self.waiting.iter().position(|known| known.owner == *owner) {
            if !self.admits(&function) {
                self.waiting[at] = function;
                return self.first();
            }
            self.waiting.remove(at);
        }
        if self.admits(&function) {
            self.serving.push(function);
            return None;
        }
        self.waiting.push_back(function);
        self.first()
    }

    /// Removes a worker.
    pub(super) fn remove(&mut self, owner: &WorkerId) -> Option<Arc<RegisterFunction>> {
        let serves = self.serving.iter().position(|known| known.owner == *owner);
        let removed = if let Some(at) = serves {
            Some(self.serving.remove(at))
        } else {
            let waits = self.waiting.iter().position(|known| known.owner == *owner);
            waits.and_then(|at| self.waiting.remove(at))
        };
        removed.map(|function| function.registered)
    }

    /// Moves waiting workers to `serving` where possible, and returns them.
    pub(super) fn promote(&mut self) -> Vec<WorkerId> {
        let mut promoted = Vec::new();
        let mut at = 0;
        while let Some(next) = self.waiting.get(at) {
            if !self.admits(next) {
                at += 1;
            } else if let Some(next) = self.waiting.remove(at) {
                promoted.push(next.owner.clone());
                self.serving.push(next);
            }
        }
        promoted
    }

    /// Moves the registration of a worker to its newer connection.
    pub(super) fn rename(&mut self, old: &WorkerId, new: &WorkerId) {
        for known in self.serving.iter_mut().chain(&mut self.waiting) {
            if known.owner == *old {
                known.owner = new.clone();
            }
        }
    }

    /// The least busy worker; equally busy workers take turns.
    pub(super) fn pick(&mut self, load: impl Fn(&WorkerId) -> usize) -> Option<&WorkerId> {
        if self.serving.len() > 1 {
            let least = (0..self.serving.len()).min_by_key(|at| load(&self.serving[*at].owner))?;
            let picked = self.serving.remove(least);
            self.serving.push(picked);
        }
        self.serving.last().map(|function| &function.owner)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.serving.is_empty()
    }

    pub(super) fn serving(&self) -> &[Function] {
        &self.serving
    }

    #[cfg(test)]
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Function> {
        self.waiting.iter()
    }

    fn admits(&self, function: &Function) -> bool {
        self.serving.is_empty() || (function.shared && self.serving.iter().all(|one| one.shared))
    }

    fn first(&self) -> Option<WorkerId> {
        self.serving.first().map(|function| function.owner.clone())
    }
}
