use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use uuid::Uuid;

use super::CallTotals;
use super::calls::{Call, Calls};
use super::delivery::encoded;
use super::member::Member;
use super::registry::{Joining, Registry};
use super::turns::Turns;
use crate::engine::limits::Limits;
use crate::engine::metrics::Metrics;
use crate::engine::runs::Runs;
use crate::engine::{EngineStats, Role};
use crate::wire::{AccessKey, ControlMessage, ErrorBody, InvocationResult, WorkerRegistered};

/// Joins the control connections: decides what each message means for whom.
pub(in crate::engine) struct Control {
    /// Protects the tables while one message is decided. Nothing waits under it; what is to be
    /// sent is sent afterwards.
    pub(super) tables: Mutex<Tables>,
    pub(super) metrics: Arc<Metrics>,
    /// Told of each call that carries refs, and of each that fails.
    pub(super) runs: Arc<Runs>,
    pub(super) turns: Turns,
}

pub(super) struct Tables {
    pub(super) registry: Registry,
    pub(super) calls: Calls,
}

impl Control {
    pub(in crate::engine) fn new(limits: &Limits, metrics: Arc<Metrics>, runs: Arc<Runs>) -> Self {
        let tables = Tables {
            registry: Registry::new(limits.worker_functions),
            calls: Calls::new(limits.worker_calls),
        };
        Self {
            tables: Mutex::new(tables),
            metrics,
            runs,
            turns: Turns::default(),
        }
    }

    /// Adds a worker and puts the engine's first words into its outbox.
    /// `peer` is the address that the worker connects from, if it does by a socket.
    pub(super) fn join(&self, role: Arc<Role>, peer: Option<IpAddr>) -> Member<'_> {
        let member = Member::new(self, role);
        let reattach_token = Uuid::new_v4().to_string();
        let hello = ControlMessage::WorkerRegistered(WorkerRegistered {
            worker_id: member.id.to_string(),
            reattach_token: Some(reattach_token.clone()),
        });
        if let Some(hello) = encoded(&hello) {
            member.outbox.push_notice(hello);
        }
        tracing::debug!(worker = %member.id, ?peer, "a worker connected");
        let joining = Joining {
            outbox: Arc::clone(&member.outbox),
            reattach_token: AccessKey::new(reattach_token),
            peer,
            since: SystemTime::now(),
        };
        self.lock().registry.join(member.id.clone(), joining);
        member
    }

    pub(in crate::engine) fn count(&self, stats: &mut EngineStats) {
        let tables = self.lock();
        stats.workers = tables.registry.workers().len();
        stats.functions = tables.registry.functions().count();
        stats.calls = tables.calls.len();
    }

    /// What all calls came to so far.
    pub(in crate::engine) fn call_totals(&self) -> Arc<CallTotals> {
        Arc::clone(self.lock().calls.totals())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are whole after each statement; a panic under the lock leaves them usable.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    /// Tells callers that the executor of their call has gone.
    pub(super) fn notify_stopped(&self, stopped: Vec<Call>) {
        for call in stopped {
            let Some(caller) = self.registry.worker(&call.caller) else {
                continue;
            };
            let message = format!(
                "the worker that executed {} disconnected before there was a result",
                call.function_id
            );
            let result = ControlMessage::InvocationResult(InvocationResult {
                invocation_id: call.invocation_id,
                function_id: call.function_id,
                result: None,
                error: Some(ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message)),
                traceparent: call.traceparent,
                baggage: call.baggage,
            });
            if let Some(result) = encoded(&result) {
                caller.outbox.push_notice(result);
            }
        }
    }
}
