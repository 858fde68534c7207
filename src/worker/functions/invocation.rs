use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::shared::Origin;
use super::super::{Trigger, Worker};
use crate::wire::{InvokeFunction, Payload};

/// The context of one call, for the function that runs it.
///
/// Cheap to clone. [`worker`](Self::worker) is a handle for calls made by the function. Unlike a
/// captured handle, it still works while the worker shuts down, and its calls propagate the
/// caller's `traceparent` and `baggage`.
#[derive(Clone)]
pub struct Invocation(Arc<Inner>);

struct Inner {
    function_id: String,
    caller: Option<String>,
    metadata: Option<Payload>,
    worker: Worker,
    /// Cancelled when the caller no longer waits.
    given_up: CancellationToken,
    deadline: Option<Instant>,
}

impl Invocation {
    /// `worker` is a handle created for this call: it has an origin.
    pub(in crate::worker) fn new(
        call: &mut InvokeFunction,
        caller: Option<String>,
        worker: Worker,
        given_up: CancellationToken,
        deadline: Option<Instant>,
    ) -> Self {
        Self(Arc::new(Inner {
            given_up,
            deadline,
            function_id: call.function_id.clone(),
            caller,
            metadata: call.metadata.take(),
            worker,
        }))
    }

    /// The id under which the function was called.
    pub fn function_id(&self) -> &str {
        &self.0.function_id
    }

    /// The id of the calling worker, as known to the engine.
    ///
    /// The engine adds it to payloads that are JSON objects, as the member `_caller_worker_id`,
    /// which is removed before the function reads its payload. `None` for other payloads.
    pub fn caller_worker_id(&self) -> Option<&str> {
        self.0.caller.as_deref()
    }

    /// The metadata that the caller sent with the payload.
    pub fn metadata(&self) -> Option<&Payload> {
        self.0.metadata.as_ref()
    }

    /// The caller's position in a trace, in W3C Trace Context format.
    pub fn traceparent(&self) -> Option<&str> {
        self.origin()?.traceparent.as_deref()
    }

    /// The caller's baggage, in W3C Baggage format.
    pub fn baggage(&self) -> Option<&str> {
        self.origin()?.baggage.as_deref()
    }

    /// A handle of the worker that runs the function.
    pub fn worker(&self) -> &Worker {
        &self.0.worker
    }

    /// Calls another function; short for `invocation.worker().trigger(..)`.
    pub fn trigger<P: Serialize + ?Sized>(
        &self,
        function_id: impl Into<String>,
        payload: &P,
    ) -> Trigger<'_> {
        self.0.worker.trigger(function_id, payload)
    }

    /// Until when the caller waits for the result, if the engine reports it.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        self.0.deadline.map(Instant::into_std)
    }

    /// Whether the result is no longer wanted, or the worker is shutting down.
    pub fn is_cancelled(&self) -> bool {
        self.0.given_up.is_cancelled() || self.0.worker.shared().stopping.is_cancelled()
    }

    /// Waits until the caller has cancelled the call, disconnected or timed out, or until the
    /// worker shuts down.
    ///
    /// A long-running function should then end. If its caller has disconnected, it is stopped after
    /// 30 s; at a shutdown, after the
    /// [`shutdown_timeout`](super::super::WorkerBuilder::shutdown_timeout). Only pipewright's
    /// engine reports callers and timeouts; with other engines, only the shutdown is reported.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn cancelled(&self) {
        tokio::select! {
            () = self.0.worker.shared().stopping.cancelled() => {}
            () = self.given_up() => {}
        }
    }

    /// Waits until the result is no longer wanted; ignores a shutdown.
    pub(crate) async fn given_up(&self) {
        self.0.given_up.cancelled().await;
    }

    fn origin(&self) -> Option<&Origin> {
        self.0.worker.origin()
    }
}

impl fmt::Debug for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("function_id", &self.0.function_id)
            .field("metadata", &self.0.metadata)
            .field("traceparent", &self.traceparent())
            .finish_non_exhaustive()
    }
}
