use std::sync::Arc;

use super::super::workers::registry::{Registry, WorkerId};
use crate::engine::Role;
use crate::wire::{InvokeFunction, Payload};

/// Maximum number of held calls.
const MAX_CALLS: usize = 256;
/// Maximum number of payload bytes of held calls.
const MAX_BYTES: usize = 4 << 20;

/// Calls of functions whose registration waits for the announcement of its worker, which names the
/// namespace. They continue after the announcement, at most some seconds later.
#[derive(Default)]
pub(in crate::engine::control) struct PendingCalls {
    /// Bounded by [`MAX_CALLS`] and [`MAX_BYTES`].
    calls: Vec<PendingCall>,
    bytes: usize,
}

pub(in crate::engine::control) struct PendingCall {
    pub(in crate::engine::control) caller: WorkerId,
    /// The permissions of the caller.
    pub(in crate::engine::control) role: Arc<Role>,
    pub(in crate::engine::control) call: InvokeFunction,
}

impl PendingCalls {
    /// Whether there is room for a call.
    pub(in crate::engine::control) fn has_room(&self, call: &InvokeFunction) -> bool {
        self.calls.len() < MAX_CALLS && self.bytes + size(call) <= MAX_BYTES
    }

    /// Holds a call.
    pub(in crate::engine::control) fn push(
        &mut self,
        caller: &WorkerId,
        role: &Arc<Role>,
        call: InvokeFunction,
    ) {
        self.bytes += size(&call);
        self.calls.push(PendingCall {
            caller: caller.clone(),
            role: Arc::clone(role),
            call,
        });
    }

    /// Takes the calls whose functions no longer have a pending registration.
    pub(in crate::engine::control) fn due(&mut self, registry: &Registry) -> Vec<PendingCall> {
        self.take(|held| !registry.expects(&held.call.function_id))
    }

    /// Removes a call whose caller no longer waits for it. Returns whether it was held here.
    pub(in crate::engine::control) fn cancel(
        &mut self,
        caller: &WorkerId,
        invocation_id: &str,
    ) -> bool {
        let id = Some(invocation_id);
        let cancelled =
            self.take(|held| held.caller == *caller && held.call.invocation_id.as_deref() == id);
        !cancelled.is_empty()
    }

    /// Removes every call of a caller that has disconnected.
    pub(in crate::engine::control) fn leave(&mut self, caller: &WorkerId) {
        self.take(|held| held.caller == *caller);
    }

    /// Whether a caller has calls here.
    pub(in crate::engine::control) fn involves(&self, caller: &WorkerId) -> bool {
        self.calls.iter().any(|held| held.caller == *caller)
    }

    /// Moves the calls of a caller to its newer connection.
    pub(in crate::engine::control) fn rename(&mut self, old: &WorkerId, new: &WorkerId) {
        for held in self.calls.iter_mut().filter(|held| held.caller == *old) {
            held.caller = new.clone();
        }
    }

    fn take(&mut self, which: impl Fn(&PendingCall) -> bool) -> Vec<PendingCall> {
        let taken: Vec<_> = self.calls.extract_if(.., |held| which(held)).collect();
        self.bytes -= taken.iter().map(|held| size(&held.call)).sum::<usize>();
        taken
    }
}

fn size(call: &InvokeFunction) -> usize {
    let metadata = call.metadata.as_ref().map_or(0, Payload::len);
    call.data.len() + metadata + call.function_id.len()
}
