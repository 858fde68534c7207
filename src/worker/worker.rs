use std::fmt;
use std::sync::Arc;

use futures::{Stream, stream};
use serde::de::IgnoredAny;

use super::connection::command::Command;
use super::shared::{HandleGuard, Origin, Shared};
use super::{
    CallError, Closed, ConnectionState, Registered, Rejection, Resources, ShutdownError,
    WorkerMetrics,
};
use crate::codec::ItemLimits;
use crate::transport::Address;
use crate::wire::builtin;

/// A connection to an engine: registers functions, calls functions and creates channels.
///
/// It is a handle; clones are cheap and refer to the same worker. The connection is kept alive and
/// re-established when it is lost. Functions are then registered again. Calls in flight continue if
/// the engine keeps them (pipewright's does, by default for 10 s). Otherwise they fail with
/// [`CallError::Disconnected`] unless they are [`idempotent`](super::Trigger::idempotent). New calls
/// wait within their own deadline. When the worker gives up reconnecting, because of
/// [`Backoff::max_attempts`](super::Backoff::max_attempts) or a permanent rejection, running
/// functions are stopped.
///
/// # Drop
///
/// When the last handle is dropped, a worker without functions closes its connection. A worker with
/// functions continues to serve them, until [`shutdown`](Self::shutdown) or until it gives up
/// reconnecting. Keep a handle if you want to shut the worker down.
///
/// # Common issues
///
/// A function that captures a handle of its own worker keeps that handle until it is unregistered,
/// or until a shutdown. Prefer [`Invocation::worker`](super::Invocation::worker): it creates no
/// cycle, and works while the worker shuts down.
///
/// # Example
///
/// ```no_run
/// use pipewright::{FunctionError, Worker};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let worker = Worker::connect("ws://127.0.0.1:49134").await?;
/// worker.register_function("text::upper", async |text: String| text.to_uppercase())?;
/// let upper: String = worker.call("text::upper", "abc").await?;
/// assert_eq!(upper, "ABC");
/// worker.shutdown().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Worker {
    shared: Arc<Shared>,
    /// Notifies the driver when the last handle is dropped.
    _alive: Arc<HandleGuard>,
    /// Set in handles that were created for a running function.
    origin: Option<Arc<Origin>>,
}

impl Worker {
    pub(super) fn new(
        shared: Arc<Shared>,
        alive: Arc<HandleGuard>,
        origin: Option<Arc<Origin>>,
    ) -> Self {
        Self {
            shared,
            _alive: alive,
            origin,
        }
    }

    /// The address of the engine; channel ends are opened there.
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// The name that the worker announces.
    pub fn name(&self) -> &str {
        &self.shared.announcement.name
    }

    /// The engine's id for this worker, if known; it changes with each reconnect.
    pub fn id(&self) -> Option<String> {
        self.shared.status.borrow().worker_id.clone()
    }

    /// Unregisters a function. Returns whether it existed. Running calls continue to their end.
    pub fn unregister_function(&self, id: &str) -> bool {
        self.shared.unregister(id)
    }

    /// The functions that this worker does not serve: the engine rejected them, or they wait
    /// because another worker has the id.
    ///
    /// The engine does not acknowledge registrations, so a rejection may arrive at any time after
    /// the registration. A [waiting](Rejection::is_waiting) function is served, and no longer
    /// listed here, as soon as the worker that has it disconnects. All functions are offered again
    /// after a reconnect.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.shared.registry().rejections()
    }

    /// Waits until the engine has processed all functions and stages registered so far.
    ///
    /// The engine acknowledges no registration, but it processes messages in order and answers a
    /// repeated announcement (`docs/protocol.md` section 1.3). After this, other workers can call
    /// the functions. The result states which functions the engine has rejected, and which ones
    /// wait for another worker to disconnect.
    ///
    /// # Errors
    ///
    /// A [`CallError`] of the call to the engine.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn registered(&self) -> Result<Registered, CallError> {
        let call = self.trigger(builtin::WORKERS_REGISTER, &self.shared.announcement);
        call.call::<IgnoredAny>().await?;
        Ok(Registered::new(self.rejections()))
    }

    /// The current state of the connection.
    pub fn state(&self) -> ConnectionState {
        if self.shared.status.has_changed().is_err() {
            // The worker's task has ended: it was closed, or its runtime has ended.
            return ConnectionState::Closed;
        }
        self.shared.status.borrow().state()
    }

    /// The counters of the worker since it was connected: calls, streams, reconnects.
    ///
    /// They can be printed as text for Prometheus, which the process can serve itself.
    pub fn metrics(&self) -> WorkerMetrics {
        self.shared.counters.read()
    }

    /// The current state and every change of it; ends after [`ConnectionState::Closed`].
    ///
    /// If the state changes faster than the stream is read, intermediate changes are merged.
    pub fn states(&self) -> impl Stream<Item = ConnectionState> + Send + Unpin + use<> {
        let mut status = self.shared.status.clone();
        status.mark_changed();
        Box::pin(stream::unfold(
            (status, None),
            async |(mut status, last)| {
                loop {
                    if last == Some(ConnectionState::Closed) {
                        return None;
                    }
                    let state = match status.changed().await {
                        Ok(()) => status.borrow_and_update().state(),
                        // The driver ended without a reason, together with its runtime.
                        Err(_) => ConnectionState::Closed,
                    };
                    if last != Some(state) {
                        return Some((state, (status, Some(state))));
                    }
                }
            },
        ))
    }

    /// Waits until the worker gives up reconnecting or is shut down, and returns the reason.
    ///
    /// Use it in the `main` of a program that only serves functions.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe.
    pub async fn closed(&self) -> Closed {
        let mut status = self.shared.status.clone();
        match status.wait_for(|status| status.closed().is_some()).await {
            Ok(status) => status.closed().cloned().unwrap_or(Closed::Aborted),
            Err(_) => Closed::Aborted,
        }
    }

    /// Shuts the worker down: unregisters its functions, lets running ones finish, sends their
    /// results and closes the connection.
    ///
    /// Running functions are notified by [`Invocation::cancelled`](super::Invocation::cancelled)
    /// and may still call functions with [`Invocation::worker`](super::Invocation::worker). Other
    /// calls now fail with [`CallError::ShutDown`]. Waits for the functions up to the builder's
    /// [`shutdown_timeout`](super::WorkerBuilder::shutdown_timeout), then stops them. A function
    /// that waits for the shutdown of its own worker blocks it until this timeout.
    ///
    /// Shutting down a closed worker has no effect.
    ///
    /// # Errors
    ///
    /// Fails if functions had to be stopped.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the shutdown continues.
    pub async fn shutdown(&self) -> Result<(), ShutdownError> {
        self.shared.stopping.cancel();
        self.shared.command(Command::Shutdown);
        match self.closed().await {
            Closed::ShutDown { unfinished } if unfinished > 0 => Err(ShutdownError {
                unfinished,
                after: self.shared.shutdown_timeout,
            }),
            _ => Ok(()),
        }
    }

    /// Provides a value to the stages of this worker, as their argument `&Resource<T>`.
    ///
    /// Provide it before the stage is registered. All runs share the value. A second value of the
    /// same type replaces the first one for runs that start later. See
    /// [`Resource`](super::Resource).
    pub fn provide<T: Send + Sync + 'static>(&self, value: T) {
        self.provide_shared(Arc::new(value));
    }

    /// Like [`provide`](Self::provide), for a value that is shared already, or for a trait object:
    /// a stage with `&Resource<dyn Lookup>` then works with any implementation.
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(&self, value: Arc<T>) {
        self.shared.resources().insert(value);
    }

    /// The values that were provided so far.
    pub(crate) fn resources(&self) -> Resources {
        self.shared.resources().clone()
    }

    /// Waits until the worker shuts down.
    pub(crate) async fn stops(&self) {
        self.shared.stopping.cancelled().await;
    }

    /// The limits for items that the registered stages of this worker read.
    pub(crate) fn item_limits(&self) -> ItemLimits {
        self.shared.item_limits
    }

    /// How long a shutdown waits for running functions.
    pub(crate) fn shutdown_timeout(&self) -> std::time::Duration {
        self.shared.shutdown_timeout
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The trace context of the call that this handle was created for.
    pub(crate) fn traceparent(&self) -> Option<&str> {
        self.origin()?.traceparent.as_deref()
    }

    pub(super) fn origin(&self) -> Option<&Origin> {
        self.origin.as_deref()
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("name", &self.name())
            .field("address", self.address())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}
