use std::collections::VecDeque;
use std::future::{Future, pending, poll_fn};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use uuid::Uuid;

use super::super::calls::table::Calls;
use super::super::functions::execute::Finished;
use super::super::functions::registration_retry::RegistrationRetry;
use super::super::functions::running::Running;
use super::super::shared::{HandleGuard, Origin, Shared};
use super::super::{Backoff, Closed, MAX_MESSAGE, Worker};
use super::barrier::Barrier;
use super::carried::{Carried, Progress};
use super::command::Command;
use super::draining::Draining;
use super::ended::Ended;
use super::outbox::{Outbox, Outgoing};
use super::state::{Link, Status};
use crate::transport::{ConnectError, KeepAlive, Received, Transport};
use crate::wire::{
    CancelInvocation, Close, ControlMessage, Frame, Reattach, Text, UnregisterFunction,
};

/// A connection that lasted this long counts as good: after its loss, the first retry is fast
/// again.
const STABLE: Duration = Duration::from_secs(5);

/// How long a peer may take to answer our close.
const CLOSE_WAIT: Duration = Duration::from_secs(5);

/// The task of a worker. It owns the tables and the current socket.
///
/// | phase | entered when | left when |
/// |---|---|---|
/// | connected | a connection attempt succeeded | connection lost: offline; drained or rejected: closed |
/// | offline | connection lost | an attempt succeeded: connected; drained or given up: closed |
/// | closed | once | – |
///
/// *Draining* is combined with connected or offline: functions are unregistered, and the worker
/// closes when the running ones have finished or the deadline has passed.
pub(in crate::worker) struct Driver {
    pub(in crate::worker) shared: Arc<Shared>,
    pub(in crate::worker) commands: mpsc::UnboundedReceiver<Command>,
    pub(in crate::worker) outbox: Outbox,
    pub(in crate::worker) calls: Calls,
    /// Running functions, and the queue of their results.
    pub(in crate::worker) running: Running,
    /// Set when the worker shuts down.
    pub(in crate::worker) draining: Option<Draining>,
    /// Whether the engine supports pipewright's protocol extensions.
    pub(in crate::worker) extended: bool,
    pub(in crate::worker) registration_retry: RegistrationRetry,
    /// The meanings of the pongs that the engine still has to send, in order. Bounded: one
    /// shutdown, one offer.
    pub(in crate::worker) barriers: VecDeque<Barrier>,
    /// Number of the connection.
    pub(in crate::worker) session: u64,
    /// The reattachment to send on the next connection, from the last connection that received the
    /// engine's first message.
    pub(in crate::worker) reattach: Option<Reattach>,
    /// The calls of a lost connection that wait for the next one.
    pub(in crate::worker) carried: Option<Carried>,
    pub(in crate::worker) progress: Progress,
    pub(in crate::worker) status: watch::Sender<Status>,
    pub(in crate::worker) keep_alive: KeepAlive,
    /// A message limit in bytes, inferred from messages that engines refused.
    pub(in crate::worker) learnt_limit: usize,
    alive: Weak<HandleGuard>,
    backoff: Backoff,
    /// Whether the worker has no users any more, in contrast to an explicit shutdown.
    pub(in crate::worker) unused: bool,
}

/// The first connection, and the frame already received on it.
pub(in crate::worker) type FirstConnection = (Box<dyn Transport>, Option<Frame>);

/// The values that a driver receives from the builder.
pub(in crate::worker) struct Parts {
    pub(in crate::worker) shared: Arc<Shared>,
    pub(in crate::worker) commands: mpsc::UnboundedReceiver<Command>,
    pub(in crate::worker) status: watch::Sender<Status>,
    pub(in crate::worker) alive: Weak<HandleGuard>,
    pub(in crate::worker) backoff: Backoff,
    pub(in crate::worker) keep_alive: KeepAlive,
}

impl Driver {
    pub(in crate::worker) fn new(parts: Parts) -> Self {
        Self {
            shared: parts.shared,
            commands: parts.commands,
            outbox: Outbox::default(),
            calls: Calls::default(),
            running: Running::default(),
            draining: None,
            extended: false,
            registration_retry: RegistrationRetry::default(),
            barriers: VecDeque::new(),
            session: 0,
            reattach: None,
            carried: None,
            progress: Progress::default(),
            status: parts.status,
            keep_alive: parts.keep_alive,
            learnt_limit: MAX_MESSAGE,
            alive: parts.alive,
            backoff: parts.backoff,
            unused: false,
        }
    }

    /// Runs the worker from its first connection to its end. If there is no first connection, it
    /// opens one.
    pub(in crate::worker) async fn run(mut self, first: Option<FirstConnection>) {
        let closed = self.serve(first).await;
        tracing::debug!(worker = self.shared.announcement.name, reason = %closed, "worker closed");
        // Functions may own handles of the worker; dropping them breaks the cycle.
        let functions = self.shared.registry().close();
        drop(functions);
        self.status
            .send_modify(|status| status.link = Link::Closed(closed));
        // The reason must be published first, because the tasks that are notified here will ask for
        // it. Callers are notified when their replies are dropped with the tables.
        self.shared.stopping.cancel();
    }

    async fn serve(&mut self, first: Option<FirstConnection>) -> Closed {
        let mut failed = 0;
        let (mut transport, mut early) = match first {
            Some(first) => first,
            None => match self.reconnect(&mut failed, String::new()).await {
                Ok(transport) => {
                    self.connected();
                    (transport, None)
                }
                Err(closed) => return closed,
            },
        };
        loop {
            let agreed = transport.agreed();
            let limit = agreed.message_limit.unwrap_or(self.learnt_limit);
            self.shared.limit_messages(limit.min(MAX_MESSAGE));
            self.begin(agreed);
            let since = Instant::now();
            let mut session = self.session(transport, early.take());
            let ended = poll_fn(|cx| session.poll(cx)).await;
            let old = session.into_transport();
            let (reason, kept) = match ended {
                Ended::Lost { reason, kept } => (reason, kept),
                Ended::Rejected(rejection) => {
                    close(old).await;
                    return Closed::Rejected(*rejection);
                }
                Ended::Drained => {
                    close(old).await;
                    return self.drained();
                }
            };
            drop(old);
            tracing::warn!(
                worker = self.shared.announcement.name,
                reason,
                "connection to the engine lost"
            );
            self.status
                .send_modify(|status| status.link = Link::Reconnecting);
            self.lost(&reason, kept);
            // A shutdown requested before the loss was noticed is still a shutdown.
            while let Ok(command) = self.commands.try_recv() {
                self.obey(command);
            }
            if since.elapsed() >= STABLE {
                failed = 0;
            }
            transport = match self.reconnect(&mut failed, reason).await {
                Ok(transport) => transport,
                Err(closed) => {
                    self.end_carried();
                    return closed;
                }
            };
            self.shared.counters.reconnected();
            self.connected();
        }
    }

    /// Records that a connection was established. Other workers may be reconnecting at the same
    /// time.
    fn connected(&self) {
        self.status.send_modify(|status| {
            status.link = Link::Connected;
            status.reconnected = Some(Instant::now());
        });
    }

    /// Tries to connect until it succeeds or the worker gives up.
    async fn reconnect(
        &mut self,
        failed: &mut u32,
        mut reason: String,
    ) -> Result<Box<dyn Transport>, Closed> {
        loop {
            if self.draining.is_some() && self.carried.is_none() {
                self.offline(pending::<()>()).await;
                return Err(self.drained());
            }
            let random = Uuid::new_v4().as_fields().0;
            // The first attempt does not follow a loss.
            let first = (self.session == 0 && *failed == 0).then_some(Duration::ZERO);
            let Some(wait) = first.or_else(|| self.backoff.delay(*failed, random)) else {
                return Err(Closed::GaveUp {
                    attempts: *failed,
                    reason,
                });
            };
            *failed += 1;
            let address = self.shared.address.clone();
            let dial = async move {
                sleep(wait).await;
                address.dial_control().await
            };
            match self.offline(dial).await {
                None => return Err(self.drained()),
                Some(Ok(transport)) => return Ok(transport),
                Some(Err(error)) => {
                    let worker = self.shared.announcement.name.as_str();
                    if matches!(error, ConnectError::Unauthorized { .. }) {
                        tracing::warn!(
                            worker,
                            %error,
                            "the engine refused the credentials; trying again"
                        );
                    } else {
                        tracing::debug!(worker, %error, "no connection yet");
                    }
                    reason = error.to_string();
                    if is_final(&error) {
                        return Err(Closed::GaveUp {
                            attempts: *failed,
                            reason,
                        });
                    }
                }
            }
        }
    }

    /// Maintains the tables without a connection until `dial` completes. Returns `None` if the
    /// worker finished draining before that.
    async fn offline<D: Future>(&mut self, dial: D) -> Option<D::Output> {
        tokio::pin!(dial);
        loop {
            // Without a connection, no further calls are forwarded.
            if let Some(draining) = &mut self.draining {
                draining.settle();
            }
            let owes = self.carried.is_some() && self.outbox.has_answers();
            if self.is_idle() && !owes {
                return None;
            }
            let session = self.session;
            let carried_until = self.carried_until();
            let carried_end = async {
                match carried_until {
                    Some(until) => sleep_until(until).await,
                    None => pending().await,
                }
            };
            let drain_until = self.draining.as_ref().map(Draining::until);
            let deadline = async {
                match drain_until {
                    Some(deadline) => sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                // A draining worker needs a new connection only for the answers that it owes.
                dialled = &mut dial, if drain_until.is_none() || carried_until.is_some() => {
                    return Some(dialled);
                }
                Some(command) = self.commands.recv() => self.obey(command),
                Some(finished) = self.running.finished(session) => self.finished(finished),
                () = carried_end => self.end_carried(),
                () = deadline => return None,
            }
        }
    }

    /// A function has ended while there is no connection. The answer waits for the next one, unless
    /// the caller was notified that the call was stopped.
    fn finished(&mut self, finished: Finished) {
        if self.carried.is_none() || finished.session != self.session {
            return;
        }
        while let Ok(command) = self.commands.try_recv() {
            self.obey(command);
        }
        if let Some(answer) = finished.answer {
            self.send(answer);
        }
    }

    /// Executes the command of a handle.
    pub(in crate::worker) fn obey(&mut self, command: Command) {
        match command {
            Command::Call(call) => self.outbox.push(Outgoing::Call(call)),
            Command::Forget(id) if self.calls.forget(&id) => {
                if self.extended {
                    self.tell(&ControlMessage::CancelInvocation(CancelInvocation {
                        invocation_id: id.to_string(),
                    }));
                }
            }
            Command::Forget(_) => self.outbox.forget_one(),
            Command::Offer(function_id) => {
                let frame = self.shared.registry().frame(&function_id);
                if let Some(frame) = frame {
                    self.send(frame);
                }
            }
            Command::Unregister(id) => {
                self.tell(&ControlMessage::UnregisterFunction(UnregisterFunction {
                    id,
                }));
            }
            Command::Shutdown => self.drain(false),
            Command::HandleGone => {
                if self.alive.strong_count() == 0 && self.shared.registry().is_empty() {
                    self.drain(true);
                }
            }
        }
    }

    fn drained(&mut self) -> Closed {
        if self.unused {
            return Closed::Unused;
        }
        let unfinished = self.running.len();
        self.running.abort_all();
        Closed::ShutDown { unfinished }
    }

    /// Creates a handle for a called function.
    pub(in crate::worker) fn handle(&mut self, origin: Origin) -> Worker {
        let alive = self.alive.upgrade().unwrap_or_else(|| {
            let alive = Arc::new(HandleGuard(self.shared.commands.clone()));
            self.alive = Arc::downgrade(&alive);
            alive
        });
        Worker::new(Arc::clone(&self.shared), alive, Some(Arc::new(origin)))
    }

    pub(in crate::worker) fn tell(&mut self, message: &ControlMessage) {
        // Strings and numbers can always be written as JSON.
        if let Ok(frame) = message.encode() {
            self.send(frame);
        }
    }

    pub(in crate::worker) fn send(&mut self, frame: Text) {
        self.outbox.push(Outgoing::Frame(frame));
    }
}

/// Whether the next attempt to connect can only fail the same way. Rejected credentials are not
/// final: a proxy in front of a restarting engine may answer 401 or 403.
fn is_final(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::InvalidHeader { .. } | ConnectError::Stopped
    )
}

/// Closes a connection: flushes, closes, and waits for the peer's close, so that buffered data is
/// not lost.
async fn close(mut transport: Box<dyn Transport>) {
    let closing = async {
        poll_fn(|cx| transport.poll_flush(cx)).await?;
        transport.start_close(Close::NORMAL)?;
        poll_fn(|cx| transport.poll_flush(cx)).await?;
        while let Received::Frame(_) | Received::Pong =
            poll_fn(|cx| transport.poll_receive(cx)).await
        {}
        Ok::<_, crate::transport::TransportError>(())
    };
    match timeout(CLOSE_WAIT, closing).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the connection broke while it was closed"),
        Err(_) => tracing::debug!("the engine did not answer the close"),
    }
}
