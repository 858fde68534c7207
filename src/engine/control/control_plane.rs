use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::SystemTime;

use tokio::sync::Notify;

use uuid::Uuid;

use super::CallTotals;
use super::calls::delivery::{Deliveries, Fallback, deliver, deliver_result, encoded, failure};
use super::calls::pending::PendingCalls;
use super::calls::table::{Call, Calls};
use super::member::Member;
use super::workers::registry::{NewWorker, Notice, Registry, RegistryUpdate, WorkerId};
use crate::engine::limits::Limits;
use crate::engine::metrics::Metrics;
use crate::engine::runs::Runs;
use crate::engine::{EngineStats, Role};
use crate::sync::MutexExt;
use crate::transport::{Budget, PeerExtensions};
use crate::wire::{
    AccessKey, CancelInvocation, ControlMessage, EXTENSIONS_VERSION, ErrorBody, FunctionActive,
    WorkerRegistered,
};

/// Links the control connections: decides which workers each message affects.
pub(in crate::engine) struct Control {
    /// Protects the tables while one message is handled. Nothing waits under the lock; messages are
    /// sent afterwards.
    pub(super) tables: Mutex<Tables>,
    pub(super) metrics: Arc<Metrics>,
    /// Notified of each call that carries refs, and of each that fails.
    pub(super) runs: Arc<Runs>,
    /// The version of the protocol extensions, if the engine supports them.
    extensions: Option<u32>,
    pub(super) limits: Limits,
    /// The memory of the tables and outboxes of all workers.
    pub(super) budget: Arc<Budget>,
    /// Notified when a worker is kept without a connection, and so has a time at which it expires.
    pub(super) absences: Notify,
}

pub(super) struct Tables {
    pub(super) registry: Registry,
    pub(super) calls: Calls,
    pub(super) held: PendingCalls,
}

impl Control {
    pub(in crate::engine) fn new(limits: &Limits, metrics: Arc<Metrics>, runs: Arc<Runs>) -> Self {
        let tables = Tables {
            registry: Registry::new(limits.worker_functions),
            calls: Calls::new(limits.worker_calls),
            held: PendingCalls::default(),
        };
        Self {
            tables: Mutex::new(tables),
            metrics,
            runs,
            extensions: (!limits.behaviour.is_iii()).then_some(EXTENSIONS_VERSION),
            limits: *limits,
            budget: Budget::new(limits.control_bytes),
            absences: Notify::new(),
        }
    }

    /// Adds a worker and puts the engine's first message into its outbox. `peer` is the worker's
    /// address, if it connects over a socket. `agreed` is what it stated in the handshake.
    pub(super) fn join(
        &self,
        role: Arc<Role>,
        peer: Option<IpAddr>,
        agreed: PeerExtensions,
    ) -> Member<'_> {
        let member = Member::new(self, role, agreed);
        let reattach_token = Uuid::new_v4().to_string();
        let hello = ControlMessage::WorkerRegistered(WorkerRegistered {
            worker_id: member.id.to_string(),
            reattach_token: Some(reattach_token.clone()),
            pipewright: self.extensions,
        });
        let greeted = encoded(&hello).map(|hello| member.outbox.push_now(hello));
        if let Some(Err(error)) = greeted {
            tracing::error!(%error, "a worker could not be greeted");
        }
        tracing::debug!(worker = %member.id, ?peer, "a worker connected");
        let joining = NewWorker {
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
        stats.workers = tables.registry.workers().count();
        stats.functions = tables.registry.count();
        stats.calls = tables.calls.len();
    }

    /// The totals of all calls.
    pub(in crate::engine) fn call_totals(&self) -> Arc<CallTotals> {
        Arc::clone(self.lock().calls.totals())
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Tables> {
        // The tables are consistent after each statement, so they are usable after a panic.
        self.tables.lock_unpoisoned()
    }
}

impl Tables {
    /// Notifies workers of functions that they now serve.
    pub(super) fn tell_active(&self, notices: &[Notice], out: &mut Deliveries) {
        for notice in notices {
            let RegistryUpdate::Active {
                namespace,
                function_id,
            } = &notice.what
            else {
                continue;
            };
            let message = ControlMessage::FunctionActive(FunctionActive {
                namespace: namespace.clone(),
                function_id: function_id.clone(),
            });
            tracing::info!(worker = %notice.to, function = function_id, namespace, "a waiting worker takes a function over");
            self.tell(&notice.to, &message, out);
        }
    }

    /// Notifies callers that the executor of their call has disconnected, and why.
    pub(super) fn tell_stopped(&self, stopped: Vec<Call>, why: &str, out: &mut Deliveries) {
        for call in stopped {
            let Some(caller) = self.registry.worker(&call.caller).filter(|_| !call.void) else {
                continue;
            };
            let message = format!("the worker that executed {} {why}", call.function_id);
            let error = ErrorBody::new(ErrorBody::INVOCATION_STOPPED, message);
            let result = failure(call.invocation_id, call.function_id, error);
            deliver_result(Arc::clone(&caller.outbox), result, out);
        }
    }

    /// Notifies executors that their calls were cancelled.
    pub(super) fn tell_cancelled(&self, abandoned: Vec<Call>, out: &mut Deliveries) {
        for call in abandoned {
            // A caller that expects no answer may disconnect immediately.
            if !call.void {
                let message = ControlMessage::CancelInvocation(CancelInvocation {
                    invocation_id: call.invocation_id,
                });
                self.tell(&call.executor, &message, out);
            }
            self.tell_drained(&call.executor, out);
        }
    }

    /// Notifies a draining worker when all calls forwarded to it are answered.
    pub(super) fn tell_drained(&self, executor: &WorkerId, out: &mut Deliveries) {
        let worker = self.registry.worker(executor);
        if worker.is_some_and(|worker| worker.draining) && self.calls.executing(executor) == 0 {
            self.tell(executor, &ControlMessage::Drained, out);
        }
    }

    /// Sends an extension message to a worker that supports it.
    fn tell(&self, to: &WorkerId, message: &ControlMessage, out: &mut Deliveries) {
        let worker = self.registry.worker(to);
        if let Some(worker) = worker.filter(|worker| worker.extended) {
            deliver(Arc::clone(&worker.outbox), message, Fallback::Nobody, out);
        }
    }
}
