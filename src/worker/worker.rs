use std::fmt;
use std::sync::Arc;

use futures::{Stream, stream};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::command::Command;
use super::shared::{Alive, Origin, Shared};
use super::{
    CallError, Closed, ConnectionState, FunctionBuilder, Handler, RegisterError, Registered,
    Rejection, ShutdownError, Trigger, WorkerBuilder, WorkerMetrics,
};
use crate::transport::{Address, ConnectError};
use crate::wire::builtin;

/// A connection to an engine: registers functions, calls functions, makes channels.
///
/// A handle; clones are cheap and mean the same worker. The connection is kept alive, and made
/// again when it is lost: functions are then registered again, calls that were under way fail
/// with [`CallError::Disconnected`] unless they are [`idempotent`](Trigger::idempotent), and
/// calls made meanwhile wait, within their own deadline. When the connection is given up, which
/// only [`Backoff::max_attempts`](super::Backoff::max_attempts) or a refusal for good brings
/// about, functions that run are stopped.
///
/// # Drop
///
/// When the last handle is dropped, a worker without functions closes its connection. A worker
/// with functions goes on serving them, until [`shutdown`](Self::shutdown) or until the
/// connection is given up; keep a handle to be able to end it.
///
/// # Common issues
///
/// A function that captures a handle of its own worker keeps that handle for as long as it is
/// registered, which a shutdown ends. Prefer [`Invocation::worker`](super::Invocation::worker):
/// it is no cycle, and works while the worker shuts down.
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
    /// Tells the driver by its drop that the last handle has gone.
    _alive: Arc<Alive>,
    /// Present in handles made for a running function.
    origin: Option<Arc<Origin>>,
}

impl Worker {
    /// Connects with default settings; [`builder`](Self::builder) has others.
    ///
    /// Waits for the engine's greeting.
    ///
    /// # Errors
    ///
    /// See [`WorkerBuilder::connect`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the connection up.
    pub async fn connect<A>(address: A) -> Result<Self, ConnectError>
    where
        A: TryInto<Address>,
        ConnectError: From<A::Error>,
    {
        Self::builder(address).connect().await
    }

    /// A worker to be connected to `address`, with its settings to be chosen.
    ///
    /// The address may be text, an [`EngineUrl`](crate::EngineUrl) or an [`Address`]; text that is
    /// none is reported by [`connect`](WorkerBuilder::connect).
    pub fn builder<A>(address: A) -> WorkerBuilder
    where
        A: TryInto<Address>,
        ConnectError: From<A::Error>,
    {
        WorkerBuilder::new(address.try_into().map_err(ConnectError::from))
    }

    pub(super) fn new(shared: Arc<Shared>, alive: Arc<Alive>, origin: Option<Arc<Origin>>) -> Self {
        Self {
            shared,
            _alive: alive,
            origin,
        }
    }

    /// Where the engine is; ends of channels are opened there.
    pub fn address(&self) -> &Address {
        &self.shared.address
    }

    /// The name that the worker announces itself by.
    pub fn name(&self) -> &str {
        &self.shared.announcement.name
    }

    /// What the engine calls this worker, if it told; another id after each reconnect.
    pub fn id(&self) -> Option<String> {
        self.shared.status.borrow().worker_id.clone()
    }

    /// Registers a function, with nothing but its id told about it.
    ///
    /// The id is best written `service::function`. Each call runs in a task of its own. A panic
    /// in the function is answered as an error with the code `invocation_failed`; a payload that
    /// the function cannot read is answered with `deserialization_error`.
    ///
    /// # Errors
    ///
    /// See [`FunctionBuilder::register`].
    pub fn register_function<Args, H>(
        &self,
        id: impl Into<String>,
        handler: H,
    ) -> Result<(), RegisterError>
    where
        H: Handler<Args>,
        Args: 'static,
    {
        self.function(id).register(handler)
    }

    /// A function to be registered, with a description, formats or metadata.
    pub fn function(&self, id: impl Into<String>) -> FunctionBuilder<'_> {
        FunctionBuilder::new(self, id.into())
    }

    /// Takes a function back; whether there was one. Calls that run go on to their end.
    pub fn unregister_function(&self, id: &str) -> bool {
        self.shared.unregister(id)
    }

    /// Functions of this worker that it does not serve: the engine refused them, or they wait
    /// because another worker has the id.
    ///
    /// The engine acknowledges nothing, so a refusal may come any time after the registration. A
    /// function that [waits](Rejection::is_waiting) is served, and no longer listed here, as soon as
    /// the worker that has it leaves. All are offered again after a reconnect.
    pub fn rejections(&self) -> Vec<Rejection> {
        self.shared.registry().rejections()
    }

    /// Waits until the engine has taken all functions and stages that were registered so far.
    ///
    /// The engine acknowledges no registration, but it takes what a worker sends in order and
    /// answers a repeated announcement (`docs/protocol.md` section 1.3). A function is called by another worker
    /// safely after this. The result says which functions the engine has refused, and which wait
    /// for another worker to leave, and for whom.
    ///
    /// # Errors
    ///
    /// A [`CallError`] of the call to the engine.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: nothing is lost.
    pub async fn registered(&self) -> Result<Registered, CallError> {
        let call = self.trigger(builtin::WORKERS_REGISTER, &self.shared.announcement);
        call.call::<IgnoredAny>().await?;
        Ok(Registered::new(self.rejections()))
    }

    /// A call to be made: see [`Trigger`] for its settings and for how to make it.
    ///
    /// The payload is serialised here and now. Channel refs may be in it, at any place.
    pub fn trigger<P: Serialize + ?Sized>(
        &self,
        function_id: impl Into<String>,
        payload: &P,
    ) -> Trigger<'_> {
        Trigger::new(self, function_id.into(), payload)
    }

    /// Calls a function and waits for its result; short for `trigger(..).call()`.
    ///
    /// # Errors
    ///
    /// See [`Trigger::call`].
    ///
    /// # Cancel safety
    ///
    /// See [`Trigger::call`].
    pub async fn call<R: DeserializeOwned>(
        &self,
        function_id: impl Into<String>,
        payload: &(impl Serialize + ?Sized),
    ) -> Result<R, CallError> {
        self.trigger(function_id, payload).call().await
    }

    /// How the worker stands with its engine, now.
    pub fn state(&self) -> ConnectionState {
        if self.shared.status.has_changed().is_err() {
            // The task behind the worker is no more: it has closed, or its runtime has ended.
            return ConnectionState::Closed;
        }
        self.shared.status.borrow().state()
    }

    /// What the worker did since it was connected: calls, streams, reconnects.
    ///
    /// It prints as text for Prometheus; a process serves that where it likes.
    pub fn metrics(&self) -> WorkerMetrics {
        self.shared.counters.read()
    }

    /// The present state and every change of it; ends after [`ConnectionState::Closed`].
    ///
    /// Changes that follow each other faster than they are read are joined.
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
                        // The driver went without a word, together with its runtime.
                        Err(_) => ConnectionState::Closed,
                    };
                    if last != Some(state) {
                        return Some((state, (status, Some(state))));
                    }
                }
            },
        ))
    }

    /// Waits until the connection is given up or the worker is shut down, and tells why.
    ///
    /// What the `main` of a program that only serves functions waits for.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn closed(&self) -> Closed {
        let mut status = self.shared.status.clone();
        match status.wait_for(|status| status.closed().is_some()).await {
            Ok(status) => status.closed().cloned().unwrap_or(Closed::Aborted),
            Err(_) => Closed::Aborted,
        }
    }

    /// Ends the worker: takes its functions back, lets those that run finish, sends their results
    /// and closes the connection.
    ///
    /// Running functions learn of it by [`Invocation::cancelled`](super::Invocation::cancelled)
    /// and may still call functions with [`Invocation::worker`](super::Invocation::worker); other
    /// calls fail with [`CallError::ShutDown`] from now on. Waits for the functions up to
    /// the builder's [`shutdown_timeout`](WorkerBuilder::shutdown_timeout), then stops them. A
    /// function that waits for the shutdown of its own worker waits until then.
    ///
    /// A worker that is closed already stays so.
    ///
    /// # Errors
    ///
    /// When functions had to be stopped.
    ///
    /// # Cancel safety
    ///
    /// The shutdown goes on when the future is dropped.
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

    /// How long a shutdown waits for running functions.
    pub(crate) fn shutdown_timeout(&self) -> std::time::Duration {
        self.shared.shutdown_timeout
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The place in a trace of the call that this handle was made for.
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
