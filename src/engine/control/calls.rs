use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::registry::WorkerId;

/// Calls that one worker may have open. An executor may never answer and the engine never times
/// a call out (`protocol.md` 2.4), so that something else has to bound them.
const MAX_OPEN: usize = 100_000;

/// A call that waits for its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) caller: WorkerId,
    pub(super) invocation_id: String,
    pub(super) function_id: String,
    pub(super) traceparent: Option<String>,
    pub(super) baggage: Option<String>,
}

/// The calls in flight. Plain and synchronous.
///
/// A call is known by its executor and its id together, so that no worker can answer for another.
#[derive(Default)]
pub(super) struct Calls {
    /// Bounded by [`MAX_OPEN`] a worker.
    open: HashMap<(WorkerId, String), Call>,
    /// Open calls by caller; no entry is zero.
    callers: HashMap<WorkerId, usize>,
}

/// Why a call cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum CallRefused {
    #[error("an invocation with this id is open already")]
    Duplicate,
    #[error("the caller has {MAX_OPEN} invocations open already")]
    TooMany,
}

impl Calls {
    pub(super) fn open(&mut self, executor: WorkerId, call: Call) -> Result<(), CallRefused> {
        let callers = self.callers.get(&call.caller).copied().unwrap_or(0);
        if callers >= MAX_OPEN {
            return Err(CallRefused::TooMany);
        }
        let caller = call.caller.clone();
        match self.open.entry((executor, call.invocation_id.clone())) {
            Entry::Occupied(_) => Err(CallRefused::Duplicate),
            Entry::Vacant(place) => {
                place.insert(call);
                self.callers.insert(caller, callers + 1);
                Ok(())
            }
        }
    }

    /// Closes the call that `executor` answers; `None` if there is none, or no more.
    pub(super) fn close(&mut self, executor: &WorkerId, invocation_id: String) -> Option<Call> {
        let call = self.open.remove(&(executor.clone(), invocation_id))?;
        self.closed(&call.caller);
        Some(call)
    }

    /// Closes every call that `worker` makes or executes; gives those that others made.
    pub(super) fn leave(&mut self, worker: &WorkerId) -> Vec<Call> {
        let stopped: Vec<Call> = self
            .open
            .extract_if(|(executor, _), call| executor == worker || call.caller == *worker)
            .map(|(_, call)| call)
            .filter(|call| call.caller != *worker)
            .collect();
        for call in &stopped {
            self.closed(&call.caller);
        }
        self.callers.remove(worker);
        stopped
    }

    /// Open calls by executor, and of each by function.
    pub(super) fn running(&self) -> HashMap<WorkerId, HashMap<&str, usize>> {
        let mut running = HashMap::<WorkerId, HashMap<&str, usize>>::new();
        for ((executor, _), call) in &self.open {
            let of_worker = running.entry(executor.clone()).or_default();
            *of_worker.entry(&call.function_id).or_default() += 1;
        }
        running
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    fn closed(&mut self, caller: &WorkerId) {
        if let Some(open) = self.callers.get_mut(caller) {
            *open -= 1;
            if *open == 0 {
                self.callers.remove(caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Call, CallRefused, Calls, MAX_OPEN, WorkerId};

    fn id(id: &str) -> WorkerId {
        WorkerId::from(id)
    }

    fn call(caller: &str, invocation_id: usize) -> Call {
        Call {
            caller: id(caller),
            invocation_id: invocation_id.to_string(),
            function_id: "f".to_owned(),
            traceparent: None,
            baggage: None,
        }
    }

    #[test]
    fn only_the_executor_answers_and_only_once() {
        let mut calls = Calls::default();
        calls.open(id("b"), call("a", 1)).unwrap();
        assert_eq!(calls.close(&id("c"), "1".into()), None);
        assert_eq!(calls.close(&id("b"), "1".into()), Some(call("a", 1)));
        assert_eq!(calls.close(&id("b"), "1".into()), None);
        assert!(calls.callers.is_empty());
    }

    #[test]
    fn an_id_is_open_once_for_an_executor() {
        let mut calls = Calls::default();
        calls.open(id("b"), call("a", 1)).unwrap();
        let duplicate = calls.open(id("b"), call("x", 1));
        assert_eq!(duplicate, Err(CallRefused::Duplicate));
        calls.open(id("c"), call("x", 1)).unwrap();
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn who_leaves_stops_its_calls_and_those_it_executes() {
        let mut calls = Calls::default();
        calls.open(id("b"), call("a", 1)).unwrap();
        calls.open(id("a"), call("b", 2)).unwrap();
        calls.open(id("b"), call("b", 3)).unwrap();
        calls.open(id("a"), call("c", 4)).unwrap();
        assert_eq!(calls.leave(&id("b")), [call("a", 1)]);
        assert_eq!(calls.len(), 1);
        assert_eq!(calls.leave(&id("a")), [call("c", 4)]);
        assert!(calls.callers.is_empty());
    }

    #[test]
    fn a_caller_has_a_bound_of_its_own() {
        let mut calls = Calls::default();
        for n in 0..MAX_OPEN {
            calls.open(id("b"), call("a", n)).unwrap();
        }
        let more = calls.open(id("b"), call("a", MAX_OPEN));
        assert_eq!(more, Err(CallRefused::TooMany));
        calls.open(id("b"), call("c", MAX_OPEN)).unwrap();
        calls.close(&id("b"), "0".into()).unwrap();
        calls.open(id("b"), call("a", 0)).unwrap();
    }
}
