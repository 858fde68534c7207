use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use super::registry::WorkerId;
use super::{CallTotals, Outcome};

/// A call that waits for its result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) caller: WorkerId,
    pub(super) invocation_id: String,
    pub(super) function_id: String,
    pub(super) traceparent: Option<String>,
    pub(super) baggage: Option<String>,
    pub(super) opened: Instant,
}

/// The calls in flight. Plain and synchronous: it is told the time.
///
/// A call is known by its executor and its id together, so that no worker can answer for another.
pub(super) struct Calls {
    /// What one worker may have open.
    max: usize,
    /// Bounded by `max` a worker.
    open: HashMap<(WorkerId, String), Call>,
    /// Open calls by caller; no entry is zero.
    callers: HashMap<WorkerId, usize>,
    totals: Arc<CallTotals>,
}

/// Why a call cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum CallRefused {
    #[error("an invocation with this id is open already")]
    Duplicate,
    #[error(
        "the caller waits for {0} results already; wait for some, or raise the engine's limit of \
         calls for a worker"
    )]
    TooMany(usize),
}

impl Calls {
    pub(super) fn new(max: usize) -> Self {
        Self {
            max,
            open: HashMap::new(),
            callers: HashMap::new(),
            totals: Arc::default(),
        }
    }

    pub(super) fn open(&mut self, executor: WorkerId, call: Call) -> Result<(), CallRefused> {
        let callers = self.callers.get(&call.caller).copied().unwrap_or(0);
        if callers >= self.max {
            return Err(CallRefused::TooMany(self.max));
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
    pub(super) fn close(
        &mut self,
        executor: &WorkerId,
        invocation_id: String,
        outcome: Outcome,
        now: Instant,
    ) -> Option<Call> {
        let call = self.open.remove(&(executor.clone(), invocation_id))?;
        self.totals.outcomes.add(outcome);
        self.totals
            .answered
            .observe(now.saturating_duration_since(call.opened));
        self.closed(&call.caller);
        Some(call)
    }

    /// Closes every call that `worker` makes or executes; gives those that others made.
    pub(super) fn leave(&mut self, worker: &WorkerId) -> Vec<Call> {
        let stopped: Vec<Call> = self
            .open
            .extract_if(|(executor, _), call| executor == worker || call.caller == *worker)
            .map(|(_, call)| call)
            .inspect(|_| self.totals.outcomes.add(Outcome::Stopped))
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

    /// What all calls came to so far.
    pub(super) fn totals(&self) -> &Arc<CallTotals> {
        &self.totals
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
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    use super::{Call, CallRefused, Calls, Outcome, WorkerId};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

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
            opened: *START,
        }
    }

    fn counted(calls: &Calls) -> Vec<([&'static str; 1], u64)> {
        let counts = calls.totals().outcomes.read();
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn close(calls: &mut Calls, executor: &str, invocation_id: &str) -> Option<Call> {
        let now = *START + Duration::from_secs(1);
        calls.close(&id(executor), invocation_id.into(), Outcome::Result, now)
    }

    #[test]
    fn only_the_executor_answers_and_only_once() {
        let mut calls = Calls::new(3);
        calls.open(id("b"), call("a", 1)).unwrap();
        assert_eq!(close(&mut calls, "c", "1"), None);
        assert_eq!(close(&mut calls, "b", "1"), Some(call("a", 1)));
        assert_eq!(close(&mut calls, "b", "1"), None);
        assert!(calls.callers.is_empty());
    }

    #[test]
    fn what_calls_came_to_is_counted_once() {
        let mut calls = Calls::new(3);
        calls.open(id("b"), call("a", 1)).unwrap();
        close(&mut calls, "b", "1").unwrap();
        assert_eq!(close(&mut calls, "b", "1"), None);
        assert_eq!(counted(&calls), [(["result"], 1)]);
        let answered = calls.totals().answered.read();
        assert_eq!((answered.count, answered.sum), (1, Duration::from_secs(1)));
    }

    #[test]
    fn an_id_is_open_once_for_an_executor() {
        let mut calls = Calls::new(3);
        calls.open(id("b"), call("a", 1)).unwrap();
        let duplicate = calls.open(id("b"), call("x", 1));
        assert_eq!(duplicate, Err(CallRefused::Duplicate));
        calls.open(id("c"), call("x", 1)).unwrap();
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn who_leaves_stops_its_calls_and_those_it_executes() {
        let mut calls = Calls::new(3);
        calls.open(id("b"), call("a", 1)).unwrap();
        calls.open(id("a"), call("b", 2)).unwrap();
        calls.open(id("b"), call("b", 3)).unwrap();
        calls.open(id("a"), call("c", 4)).unwrap();
        assert_eq!(calls.leave(&id("b")), [call("a", 1)]);
        assert_eq!(calls.len(), 1);
        assert_eq!(calls.leave(&id("a")), [call("c", 4)]);
        assert_eq!(counted(&calls), [(["stopped"], 4)]);
        assert!(calls.callers.is_empty());
    }

    #[test]
    fn a_caller_has_a_bound_of_its_own() {
        let mut calls = Calls::new(3);
        for n in 0..3 {
            calls.open(id("b"), call("a", n)).unwrap();
        }
        let more = calls.open(id("b"), call("a", 3));
        assert_eq!(more, Err(CallRefused::TooMany(3)));
        calls.open(id("b"), call("c", 3)).unwrap();
        close(&mut calls, "b", "0").unwrap();
        calls.open(id("b"), call("a", 0)).unwrap();
    }
}
