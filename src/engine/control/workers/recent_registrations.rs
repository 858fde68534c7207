use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use crate::sync::MutexExt;
use crate::wire::{ControlMessage, builtin};

/// Functions that a worker has registered since its last other message. If the engine imitates an
/// iii engine, they cannot be found yet; otherwise the set is empty.
#[derive(Default)]
pub(in crate::engine::control) struct RecentRegistrations {
    /// The lock protects one operation. Bounded by the functions of a worker.
    ids: Mutex<HashSet<String>>,
}

impl RecentRegistrations {
    /// Records another message of the worker, after which its registrations can be found.
    pub(in crate::engine::control) fn passed_by(&self, message: &ControlMessage) {
        match message {
            ControlMessage::RegisterFunction(_) => {}
            ControlMessage::InvokeFunction(call)
                if !call.function_id.starts_with(builtin::PREFIX) => {}
            _ => self.lock().clear(),
        }
    }

    pub(in crate::engine::control) fn add(&self, function_id: String) {
        self.lock().insert(function_id);
    }

    /// Whether a function cannot be found yet; the next query finds it.
    pub(in crate::engine::control) fn take(&self, function_id: &str) -> bool {
        self.lock().remove(function_id)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.ids.lock_unpoisoned()
    }
}
