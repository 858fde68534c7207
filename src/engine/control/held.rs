use std::sync::Arc;

use super::registry::{Registry, WorkerId};
use crate::engine::Role;
use crate::wire::{InvokeFunction, Payload};

/// Maximum number of held calls.
const MAX_CALLS: usize = 256;
/// Maximum number of payload bytes of held calls.
const MAX_BYTES: usize = 4 << 20;

/// Calls of functions whose registration waits for the announcement of its worker, which names the
/// namespace. They continue after the announcement, at most some seconds later.
#[derive(Default)]
pub(super) struct Held {
    /// Bounded by [`MAX_CALLS`] and [`MAX_BYTES`].
    calls: Vec<HeldCall>,
    bytes: usize,
}

pub(super) struct HeldCall {
    pub(super) caller: WorkerId,
    /// The permissions of the caller.
    pub(super) role: Arc<Role>,
    pub(super) call: InvokeFunction,
}

impl Held {
    /// Whether there is room for a call.
    pub(super) fn has_room(&self, call: &InvokeFunction) -> bool {
        self.calls.len() < MAX_CALLS && self.bytes + size(call) <= MAX_BYTES
    }

    /// Holds a call.
    pub(super) fn push(&mut self, caller: &WorkerId, role: &Arc<Role>, call: InvokeFunction) {
        self.bytes += size(&call);
        self.calls.push(HeldCall {
            caller: caller.clone(),
            role: Arc::clone(role),
            call,
        });
    }

    /// Takes the calls for whose functions no registration is pending any more.
    pub(super) fn due(&mut self, registry: &Registry) -> Vec<HeldCall> {
        self.take(|held| !registry.expects(&held.call.function_id))
    }

    /// Removes a call that its caller no longer waits for. Returns whether it was here.
    pub(super) fn cancel(&mut self, caller: &WorkerId, invocation_id: &str) -> bool {
        let id = Some(invocation_id);
        let cancelled =
            self.take(|held| held.caller == *caller && held.call.invocation_id.as_deref() == id);
        !cancelled.is_empty()
    }

    /// Removes every call of a caller that has left.
    pub(super) fn leave(&mut self, caller: &WorkerId) {
        self.take(|held| held.caller == *caller);
    }

    fn take(&mut self, which: impl Fn(&HeldCall) -> bool) -> Vec<HeldCall> {
        let taken: Vec<_> = self.calls.extract_if(.., |held| which(held)).collect();
        self.bytes -= taken.iter().map(|held| size(&held.call)).sum::<usize>();
        taken
    }
}

fn size(call: &InvokeFunction) -> usize {
    let metadata = call.metadata.as_ref().map_or(0, Payload::len);
    call.data.len() + metadata + call.function_id.len()
}
