use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::time::Instant;

use super::super::workers::registry::WorkerId;
use super::super::{CallTotals, Outcome};
use crate::engine::worker_quota::{QuotaExceeded, Reservation, WorkerQuota};

/// A forwarded call without an answer.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::engine::control) struct Call {
    pub(in crate::engine::control) caller: WorkerId,
    pub(in crate::engine::control) executor: WorkerId,
    pub(in crate::engine::control) invocation_id: String,
    pub(in crate::engine::control) function_id: String,
    pub(in crate::engine::control) traceparent: Option<String>,
    pub(in crate::engine::control) baggage: Option<String>,
    pub(in crate::engine::control) opened: Instant,
    /// Whether no answer is expected. An answer then only frees the slot of the call.
    pub(in crate::engine::control) void: bool,
    /// The bytes charged to its caller's account.
    pub(in crate::engine::control) held: Reservation,
}

/// The calls in flight. The time is passed as an argument.
///
/// A call is identified by executor and id, so that no worker can answer for another. It is also
/// identified by caller and id, so that no worker can cancel the call of another.
pub(in crate::engine::control) struct Calls {
    /// Maximum number of open calls of one worker.
    max: usize,
    /// By executor and id. Bounded by `max` per caller; no inner table is empty.
    open: HashMap<WorkerId, HashMap<String, Call>>,
    /// The executor of each open call, by caller and id; no inner table is empty.
    callers: HashMap<WorkerId, HashMap<String, WorkerId>>,
    totals: Arc<CallTotals>,
}

/// Why a call is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum CallRefused {
    #[error("an invocation with this id is open already")]
    Duplicate,
    #[error(
        "the caller already waits for {0} results; wait for some, or raise the engine's limit of \
         calls for a worker"
    )]
    TooMany(usize),
    #[error("no room for another open call of the caller: {0}; wait for some results")]
    QuotaExceeded(#[from] QuotaExceeded),
}

/// The calls that end when a worker disconnects.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::engine::control) struct Left {
    /// Calls of other workers that it executed.
    pub(in crate::engine::control) stopped: Vec<Call>,
    /// Calls that it made and other workers execute.
    pub(in crate::engine::control) abandoned: Vec<Call>,
}

impl Calls {
    pub(in crate::engine::control) fn new(max: usize) -> Self {
        Self {
            max,
            open: HashMap::new(),
            callers: HashMap::new(),
            totals: Arc::default(),
        }
    }

    pub(in crate::engine::control) fn open(&mut self, call: Call) -> Result<(), CallRefused> {
        let made = self.callers.get(&call.caller);
        if made.map_or(0, HashMap::len) >= self.max {
            return Err(CallRefused::TooMany(self.max));
        }
        if made.is_some_and(|made| made.contains_key(&call.invocation_id)) {
            return Err(CallRefused::Duplicate);
        }
        let executed = self.open.entry(call.executor.clone()).or_default();
        match executed.entry(call.invocation_id.clone()) {
            Entry::Occupied(_) => Err(CallRefused::Duplicate),
            Entry::Vacant(place) => {
                let made = self.callers.entry(call.caller.clone()).or_default();
                made.insert(call.invocation_id.clone(), call.executor.clone());
                if call.void {
                    self.totals.outcomes.add(Outcome::Void);
                }
                place.insert(call);
                Ok(())
            }
        }
    }

    /// Closes the call that `executor` answers; `None` if it no longer exists.
    pub(in crate::engine::control) fn close(
        &mut self,
        executor: &WorkerId,
        invocation_id: &str,
        outcome: Outcome,
        now: Instant,
    ) -> Option<Call> {
        let call = self.remove(executor, invocation_id)?;
        if !call.void {
            self.totals.outcomes.add(outcome);
            self.totals
                .answered
                .observe(now.saturating_duration_since(call.opened));
        }
        Some(call)
    }

    /// Closes a call whose caller no longer waits for it.
    pub(in crate::engine::control) fn cancel(
        &mut self,
        caller: &WorkerId,
        invocation_id: &str,
    ) -> Option<Call> {
        let executor = self.callers.get(caller)?.get(invocation_id)?.clone();
        let call = self.remove(&executor, invocation_id)?;
        self.stopped(&call);
        Some(call)
    }

    /// Closes every call that `worker` makes or executes.
    pub(in crate::engine::control) fn leave(&mut self, worker: &WorkerId) -> Left {
        let mut left = Left::default();
        for (invocation_id, executor) in self.callers.remove(worker).unwrap_or_default() {
            if let Some(call) = self.remove(&executor, &invocation_id) {
                self.stopped(&call);
                left.abandoned.push(call);
            }
        }
        left.abandoned.retain(|call| call.executor != *worker);
        for (_, call) in self.open.remove(worker).unwrap_or_default() {
            self.forget_caller(&call);
            self.stopped(&call);
            left.stopped.push(call);
        }
        left
    }

    /// Moves the calls of a worker, made and executed, to its newer connection, which has none yet,
    /// and to its quota.
    pub(in crate::engine::control) fn rename(
        &mut self,
        old: &WorkerId,
        new: &WorkerId,
        quota: &WorkerQuota,
    ) {
        if let Some(mut executed) = self.open.remove(old) {
            for call in executed.values_mut() {
                call.executor = new.clone();
                if let Some(made) = self.callers.get_mut(&call.caller)
                    && let Some(executor) = made.get_mut(&call.invocation_id)
                {
                    *executor = new.clone();
                }
            }
            self.open.insert(new.clone(), executed);
        }
        if let Some(made) = self.callers.remove(old) {
            for (invocation_id, executor) in &made {
                let executed = self.open.get_mut(executor);
                if let Some(call) = executed.and_then(|calls| calls.get_mut(invocation_id)) {
                    call.caller = new.clone();
                    quota.adopt(&mut call.held);
                }
            }
            self.callers.insert(new.clone(), made);
        }
    }

    /// Whether a worker makes or executes a call.
    pub(in crate::engine::control) fn involves(&self, worker: &WorkerId) -> bool {
        self.open.contains_key(worker) || self.callers.contains_key(worker)
    }

    /// Number of calls that a worker executes.
    pub(in crate::engine::control) fn executing(&self, worker: &WorkerId) -> usize {
        self.open.get(worker).map_or(0, HashMap::len)
    }

    /// Open calls by executor and function.
    pub(in crate::engine::control) fn running(&self) -> HashMap<WorkerId, HashMap<&str, usize>> {
        let mut running = HashMap::<WorkerId, HashMap<&str, usize>>::new();
        for call in self.open.values().flat_map(HashMap::values) {
            let of_worker = running.entry(call.executor.clone()).or_default();
            *of_worker.entry(&call.function_id).or_default() += 1;
        }
        running
    }

    /// The totals of all calls.
    pub(in crate::engine::control) fn totals(&self) -> &Arc<CallTotals> {
        &self.totals
    }

    pub(in crate::engine::control) fn len(&self) -> usize {
        self.open.values().map(HashMap::len).sum()
    }

    fn stopped(&self, call: &Call) {
        if !call.void {
            self.totals.outcomes.add(Outcome::Stopped);
        }
    }

    fn remove(&mut self, executor: &WorkerId, invocation_id: &str) -> Option<Call> {
        let executed = self.open.get_mut(executor)?;
        let call = executed.remove(invocation_id)?;
        if executed.is_empty() {
            self.open.remove(executor);
        }
        self.forget_caller(&call);
        Some(call)
    }

    fn forget_caller(&mut self, call: &Call) {
        if let Some(made) = self.callers.get_mut(&call.caller) {
            made.remove(&call.invocation_id);
            if made.is_empty() {
                self.callers.remove(&call.caller);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;
    use std::time::{Duration, Instant};

    use super::{Call, CallRefused, Calls, Outcome, WorkerId};
    use crate::engine::worker_quota::{Reservation, WorkerQuota};
    use crate::transport::Budget;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn id(id: &str) -> WorkerId {
        WorkerId::from(id)
    }

    fn call(caller: &str, executor: &str, invocation_id: usize) -> Call {
        Call {
            caller: id(caller),
            executor: id(executor),
            invocation_id: invocation_id.to_string(),
            function_id: "f".to_owned(),
            traceparent: None,
            baggage: None,
            opened: *START,
            void: false,
            held: Reservation::nothing(),
        }
    }

    fn counted(calls: &Calls) -> Vec<([&'static str; 1], u64)> {
        let counts = calls.totals().outcomes.read();
        counts.filter(|(_, count)| *count > 0).collect()
    }

    fn close(calls: &mut Calls, executor: &str, invocation_id: &str) -> Option<Call> {
        let now = *START + Duration::from_secs(1);
        calls.close(&id(executor), invocation_id, Outcome::Result, now)
    }

    #[test]
    fn only_the_executor_answers_and_only_once() {
        let mut calls = Calls::new(3);
        calls.open(call("a", "b", 1)).unwrap();
        assert_eq!(close(&mut calls, "c", "1"), None);
        assert_eq!(close(&mut calls, "b", "1"), Some(call("a", "b", 1)));
        assert_eq!(close(&mut calls, "b", "1"), None);
        assert!(calls.callers.is_empty() && calls.open.is_empty());
    }

    #[test]
    fn only_the_caller_cancels_and_frees_its_place() {
        let mut calls = Calls::new(1);
        calls.open(call("a", "b", 1)).unwrap();
        assert_eq!(calls.cancel(&id("b"), "1"), None);
        assert_eq!(calls.cancel(&id("a"), "2"), None);
        assert_eq!(calls.cancel(&id("a"), "1"), Some(call("a", "b", 1)));
        assert_eq!(close(&mut calls, "b", "1"), None);
        calls.open(call("a", "b", 1)).unwrap();
        assert_eq!(counted(&calls), [(["stopped"], 1)]);
    }

    #[test]
    fn what_calls_came_to_is_counted_once() {
        let mut calls = Calls::new(3);
        calls.open(call("a", "b", 1)).unwrap();
        close(&mut calls, "b", "1").unwrap();
        assert_eq!(close(&mut calls, "b", "1"), None);
        let void = Call {
            void: true,
            ..call("a", "b", 2)
        };
        calls.open(void).unwrap();
        assert_eq!(calls.executing(&id("b")), 1);
        close(&mut calls, "b", "2").unwrap();
        assert_eq!(counted(&calls), [(["result"], 1), (["void"], 1)]);
        let answered = calls.totals().answered.read();
        assert_eq!((answered.count, answered.sum), (1, Duration::from_secs(1)));
    }

    #[test]
    fn call_id_is_unique_per_executor_and_caller() {
        let mut calls = Calls::new(3);
        calls.open(call("a", "b", 1)).unwrap();
        let duplicate = Err(CallRefused::Duplicate);
        assert_eq!(calls.open(call("x", "b", 1)), duplicate);
        assert_eq!(calls.open(call("a", "c", 1)), duplicate);
        calls.open(call("x", "c", 1)).unwrap();
        assert_eq!(calls.len(), 2);
    }

    #[test]
    fn who_leaves_stops_its_calls_and_those_it_executes() {
        let mut calls = Calls::new(3);
        calls.open(call("a", "b", 1)).unwrap();
        calls.open(call("b", "a", 2)).unwrap();
        calls.open(call("b", "b", 3)).unwrap();
        calls.open(call("c", "a", 4)).unwrap();
        let left = calls.leave(&id("b"));
        assert_eq!(left.stopped, [call("a", "b", 1)]);
        assert_eq!(left.abandoned, [call("b", "a", 2)]);
        assert_eq!(calls.len(), 1);
        assert_eq!(calls.leave(&id("a")).stopped, [call("c", "a", 4)]);
        assert_eq!(counted(&calls), [(["stopped"], 4)]);
        assert!(calls.callers.is_empty() && calls.open.is_empty());
    }

    #[test]
    fn calls_of_a_worker_move_to_its_newer_connection() {
        let mut calls = Calls::new(3);
        calls.open(call("a", "b", 1)).unwrap();
        calls.open(call("b", "a", 2)).unwrap();
        calls.open(call("b", "b", 3)).unwrap();
        let quota = WorkerQuota::of(&Budget::new(1 << 30));
        calls.rename(&id("b"), &id("c"), &quota);
        assert!(!calls.involves(&id("b")) && calls.involves(&id("c")));
        assert_eq!(close(&mut calls, "c", "1"), Some(call("a", "c", 1)));
        assert_eq!(calls.cancel(&id("c"), "2"), Some(call("c", "a", 2)));
        assert_eq!(close(&mut calls, "c", "3"), Some(call("c", "c", 3)));
        assert!(calls.callers.is_empty() && calls.open.is_empty());
    }

    #[test]
    fn a_caller_has_a_bound_of_its_own() {
        let mut calls = Calls::new(3);
        for n in 0..3 {
            calls.open(call("a", "b", n)).unwrap();
        }
        let more = calls.open(call("a", "b", 3));
        assert_eq!(more, Err(CallRefused::TooMany(3)));
        calls.open(call("c", "b", 3)).unwrap();
        close(&mut calls, "b", "0").unwrap();
        calls.open(call("a", "b", 0)).unwrap();
    }
}
