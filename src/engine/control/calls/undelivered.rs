use super::super::Outcome;
use super::super::control_plane::Control;
use super::super::workers::outbox::NotQueued;
use super::super::workers::registry::Worker;
use super::delivery::{Deliveries, Delivery, Fallback, failure, notify};
use crate::engine::metrics::Reason;
use crate::transport::now;
use crate::wire::ErrorBody;

impl Control {
    /// Delivers messages without waiting for room. Used for the effects that a worker's end has on
    /// others; bounded by its calls and functions.
    pub(in crate::engine::control) fn push_all(&self, mut out: Deliveries) {
        while let Some(mut delivery) = out.pop_front() {
            let Some(message) = delivery.message.take() else {
                continue;
            };
            if let Err(reason) = delivery.to.push_now(message) {
                self.not_delivered(delivery, &reason, &mut out);
            }
        }
    }

    /// Notifies the affected party that a message was not delivered.
    pub(in crate::engine::control) fn not_delivered(
        &self,
        delivery: Delivery,
        reason: &NotQueued,
        out: &mut Deliveries,
    ) {
        let (code, counted) = match reason {
            // Callers are notified when a worker disconnects. An outbox passes on what it no longer takes.
            NotQueued::Gone | NotQueued::Moved(_) => return,
            NotQueued::TooLong { .. } => (ErrorBody::PAYLOAD_TOO_LARGE, Reason::TooLong),
            NotQueued::Full { .. } => (ErrorBody::OVERLOADED, Reason::Overloaded),
        };
        self.metrics.refused(counted);
        let error = ErrorBody::new(code, reason.to_string());
        match delivery.otherwise {
            Fallback::Nobody => {
                tracing::debug!(%reason, "a message was not delivered");
            }
            Fallback::Receiver {
                invocation_id,
                function_id,
            } => notify(&delivery.to, failure(invocation_id, function_id, error)),
            Fallback::Caller {
                executor,
                invocation_id,
            } => {
                let mut tables = self.lock();
                let Some(call) =
                    tables
                        .calls
                        .close(&executor, &invocation_id, Outcome::Error, now())
                else {
                    return;
                };
                tables.tell_drained(&executor, out);
                let caller = tables.registry.worker(&call.caller);
                let to = caller.filter(|_| !call.void).map(Worker::outbox);
                drop(tables);
                let result = failure(call.invocation_id, call.function_id, error);
                self.runs.answered(&executor, &result);
                if let Some(to) = to {
                    notify(&to, result);
                }
            }
        }
    }
}
