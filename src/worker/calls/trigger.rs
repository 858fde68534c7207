use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};
use tracing::Span;
use uuid::Uuid;

use super::super::connection::command::{Call, CallKind, Command, Reply};
use super::super::shared::Shared;
use super::super::trace;
use super::super::{CallError, Worker};
use crate::wire::{ControlMessage, InvokeFunction, Payload, Text, action::Action, builtin};

/// The namespace of the engine's own functions (`docs/protocol.md` section 2.2).
const DEFAULT_NAMESPACE: &str = "default";

/// How long after a loss other workers may still be reconnecting: the default maximum delay between
/// their attempts.
const RECOVERY: Duration = Duration::from_secs(30);

/// The delay before a call is repeated; doubled each time up to the maximum.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// Longer timeouts count as unlimited and are not sent.
const LONGEST_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// A call to be made.
///
/// Created by [`Worker::trigger`]. It does nothing until it is started: with [`call`](Self::call)
/// for a typed result, [`void`](Self::void) for none, or `.await` for the result as a [`Payload`].
///
/// ```no_run
/// # use std::time::Duration;
/// # use pipewright::Worker;
/// # async fn example(worker: Worker) -> Result<(), Box<dyn std::error::Error>> {
/// let sum: u64 = worker
///     .trigger("math::sum", &[1, 2, 3])
///     .timeout(Duration::from_secs(5))
///     .idempotent()
///     .call()
///     .await?;
/// worker.trigger("log::note", "summed up").void().await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a call is made by `.call()`, `.void()` or `.await`"]
pub struct Trigger<'a> {
    worker: &'a Worker,
    message: InvokeFunction,
    timeout: Duration,
    /// The deadline, set when the call starts.
    deadline: Option<Instant>,
    idempotent: bool,
    /// The error for which the call is about to be repeated.
    failed: Option<CallError>,
    /// The error of serialising the payload or metadata.
    broken: Option<serde_json::Error>,
}

impl<'a> Trigger<'a> {
    pub(in crate::worker) fn new<P: Serialize + ?Sized>(
        worker: &'a Worker,
        function_id: String,
        payload: &P,
    ) -> Self {
        let shared = worker.shared();
        let namespace = if function_id.starts_with(builtin::PREFIX) {
            Some(DEFAULT_NAMESPACE.to_owned())
        } else {
            shared.announcement.namespace.clone()
        };
        let origin = worker.origin();
        let mut trigger = Self {
            worker,
            message: InvokeFunction {
                invocation_id: None,
                function_id,
                data: Payload::null(),
                action: None,
                namespace,
                metadata: None,
                traceparent: trace::place_of(&Span::current())
                    .map(|place| place.to_string())
                    .or_else(|| origin.and_then(|origin| origin.traceparent.clone())),
                baggage: origin.and_then(|origin| origin.baggage.clone()),
                timeout_ms: None,
            },
            timeout: shared.call_timeout,
            deadline: None,
            idempotent: false,
            failed: None,
            broken: None,
        };
        trigger.message.data = trigger.payload(payload).unwrap_or_default();
        trigger
    }

    fn payload<P: Serialize + ?Sized>(&mut self, value: &P) -> Option<Payload> {
        match Payload::new(value) {
            Ok(payload) => Some(payload),
            Err(error) => {
                self.broken.get_or_insert(error);
                None
            }
        }
    }

    /// Sets the total timeout, including reconnecting, retries and the function itself; default:
    /// the worker's, or 30 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets a JSON value that the function receives in addition to its payload.
    pub fn metadata<M: Serialize + ?Sized>(mut self, metadata: &M) -> Self {
        self.message.metadata = self.payload(metadata);
        self
    }

    /// Sets the caller's position in a trace, in W3C Trace Context format. A handle from
    /// [`Invocation::worker`](super::super::Invocation::worker) uses that of the invocation. With
    /// the feature `otel`, the default is the current span, if OpenTelemetry knows it.
    pub fn traceparent(mut self, traceparent: impl Into<String>) -> Self {
        self.message.traceparent = Some(traceparent.into());
        self
    }

    /// Sets the baggage, in W3C Baggage format; see [`traceparent`](Self::traceparent).
    pub fn baggage(mut self, baggage: impl Into<String>) -> Self {
        self.message.baggage = Some(baggage.into());
        self
    }

    /// Sets the namespace of the function; default: that of the worker.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.message.namespace = Some(namespace.into());
        self
    }

    /// Declares that the function may run twice without harm. The call is then repeated if a
    /// connection is lost before the result: that of this worker, or that of the worker that runs
    /// the function. For some time after such a loss it is also repeated if no worker has the
    /// function, because its worker may reconnect later than this one.
    pub fn idempotent(mut self) -> Self {
        self.idempotent = true;
        self
    }

    /// Calls the function, waits for its result and deserialises it as an `R`.
    ///
    /// # Errors
    ///
    /// * Nothing was sent: [`Payload`](CallError::Payload), [`TooLarge`](CallError::TooLarge),
    ///   [`ShutDown`](CallError::ShutDown), [`Closed`](CallError::Closed).
    /// * The function failed: [`FunctionNotFound`](CallError::FunctionNotFound),
    ///   [`Failed`](CallError::Failed), [`Stopped`](CallError::Stopped).
    /// * It may or may not have run: [`Timeout`](CallError::Timeout),
    ///   [`Disconnected`](CallError::Disconnected).
    /// * It ran, but its result has another type: [`Result`](CallError::Result).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the call may have been made. The engine is notified and cancels
    /// the function's [`Invocation::cancelled`](super::super::Invocation::cancelled); its result is
    /// dropped. The same happens at the timeout.
    pub async fn call<R: DeserializeOwned>(self) -> Result<R, CallError> {
        let (function_id, result) = self.run(CallKind::Answered).await?;
        result.parse().map_err(|source| CallError::Result {
            function_id,
            expected: std::any::type_name::<R>(),
            source,
        })
    }

    /// Calls the function without waiting for its result.
    ///
    /// Waits until the call is sent to the engine, which may include waiting for a busy or lost
    /// connection.
    ///
    /// # Errors
    ///
    /// Nothing was sent: [`Payload`](CallError::Payload), [`TooLarge`](CallError::TooLarge),
    /// [`Timeout`](CallError::Timeout), [`ShutDown`](CallError::ShutDown),
    /// [`Closed`](CallError::Closed).
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the call may have been made.
    pub async fn void(mut self) -> Result<(), CallError> {
        self.message.action = Some(Action::Void);
        self.run(CallKind::Void).await.map(|_| ())
    }

    /// The untyped part: serialised payload in, serialised result out.
    async fn run(mut self, kind: CallKind) -> Result<(String, Payload), CallError> {
        if let Some(source) = self.broken.take() {
            return Err(CallError::Payload {
                function_id: self.message.function_id,
                source,
            });
        }
        self.deadline = Instant::now().checked_add(self.timeout);
        // One timer per call, here instead of in the driver.
        let outcome = timeout(self.timeout, self.attempts(kind)).await;
        let function_id = self.message.function_id;
        match outcome {
            Ok(outcome) => outcome.map(|result| (function_id, result)),
            Err(_) => Err(self.failed.take().unwrap_or(CallError::Timeout {
                function_id,
                after: self.timeout,
            })),
        }
    }

    /// Makes one attempt, or more if the call may be repeated. Ends at its deadline.
    async fn attempts(&mut self, kind: CallKind) -> Result<Payload, CallError> {
        let mut pause = FIRST_PAUSE;
        let mut lost = None;
        loop {
            let error = match self.attempt(kind).await? {
                Reply::Answer(Ok(result)) => return Ok(result),
                Reply::Answer(Err(error)) => CallError::remote(&self.message.function_id, error),
                Reply::TooLarge { size, limit } => {
                    return Err(CallError::TooLarge {
                        function_id: self.message.function_id.clone(),
                        size,
                        limit,
                    });
                }
                Reply::Lost(reason) => CallError::Disconnected {
                    function_id: self.message.function_id.clone(),
                    reason,
                },
            };
            if error.is_disconnected() {
                lost = Some(Instant::now());
            }
            let again = error.is_disconnected() || error.is_not_found() && self.recovers(lost);
            if !(self.idempotent && again) {
                return Err(error);
            }
            tracing::debug!(function = self.message.function_id, %error, "calling again");
            // The driver waits for the new connection.
            if !matches!(error, CallError::Disconnected { .. }) {
                self.failed = Some(error);
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                self.failed = None;
            }
        }
    }

    /// Whether a connection was lost so recently that other workers may still be reconnecting.
    fn recovers(&self, lost: Option<Instant>) -> bool {
        let reconnected = self.worker.shared().status.borrow().reconnected;
        lost.max(reconnected)
            .is_some_and(|since| since.elapsed() < RECOVERY)
    }

    async fn attempt(&mut self, kind: CallKind) -> Result<Reply, CallError> {
        let shared = self.worker.shared();
        // Running functions may need to call others in order to finish.
        if shared.stopping.is_cancelled() && self.worker.origin().is_none() {
            return Err(CallError::closed(
                &self.message.function_id,
                shared.closed(),
            ));
        }
        // A new id for each attempt, because the engine may still have the id of the lost
        // connection.
        let id = Uuid::new_v4();
        let frame = self.encode(id, kind)?;
        let closed = || CallError::closed(&self.message.function_id, shared.closed());
        let (reply, answer) = oneshot::channel();
        let call = Call {
            id,
            kind,
            frame,
            reply,
        };
        if !shared.command(Command::Call(call)) {
            return Err(closed());
        }
        let mut waiting = Waiting {
            shared,
            id,
            over: false,
        };
        let reply = answer.await;
        waiting.over = true;
        reply.map_err(|_| closed())
    }

    /// Milliseconds until the deadline, for an engine that forwards them.
    fn remaining(&self) -> Option<u64> {
        if !self.worker.shared().status.borrow().extended {
            return None;
        }
        let remaining = self.deadline?.saturating_duration_since(Instant::now());
        let millis = u64::try_from(remaining.as_millis()).ok()?;
        (remaining < LONGEST_TIMEOUT).then_some(millis)
    }

    /// The call in its wire form. Rejected if the engine would close the connection because of it.
    fn encode(&mut self, id: Uuid, kind: CallKind) -> Result<Text, CallError> {
        let invocation_id = match kind {
            CallKind::Answered => Some(id.to_string()),
            CallKind::Void => None,
        };
        let data = std::mem::take(&mut self.message.data);
        let metadata = self.message.metadata.take();
        let timeout_ms = self.remaining().filter(|_| kind == CallKind::Answered);
        let message = ControlMessage::InvokeFunction(InvokeFunction {
            invocation_id,
            data,
            metadata,
            timeout_ms,
            ..self.message.clone()
        });
        let encoded = message.encode();
        if let ControlMessage::InvokeFunction(sent) = message {
            // Keep the message for another attempt.
            self.message = sent;
        }
        let function_id = || self.message.function_id.clone();
        let frame = encoded.map_err(|source| CallError::Payload {
            function_id: function_id(),
            source,
        })?;
        let (size, limit) = (frame.len(), self.worker.shared().message_limit());
        if size > limit {
            return Err(CallError::TooLarge {
                function_id: function_id(),
                size,
                limit,
            });
        }
        Ok(frame)
    }
}

impl<'a> IntoFuture for Trigger<'a> {
    type Output = Result<Payload, CallError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.run(CallKind::Answered).await.map(|(_, result)| result) })
    }
}

impl fmt::Debug for Trigger<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trigger")
            .field("function_id", &self.message.function_id)
            .field("payload", &self.message.data)
            .field("timeout", &self.timeout)
            .field("idempotent", &self.idempotent)
            .finish_non_exhaustive()
    }
}

/// A waiting caller. Removes its call from the driver's tables when it stops waiting.
struct Waiting<'a> {
    shared: &'a Shared,
    id: Uuid,
    over: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if !self.over {
            self.shared.command(Command::Forget(self.id));
        }
    }
}
