mod sending;

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep, sleep_until};

use super::calls::delivery::Deliveries;
use super::member::Member;
use super::validation::bounds::bounded;
use super::workers::disconnect::Disconnect;
use super::workers::drain::{Drain, STALL};
use super::workers::outbox::replaced;
use crate::engine::Role;
use crate::engine::core::Core;
use crate::engine::net::closing::{self, CloseOutcome};
use crate::engine::net::pending_connections::PendingConnection;
use crate::engine::owners::Ownership;
use crate::transport::{Check, KeepAliveTimer, Received, Transport, TransportError};
use crate::wire::{Close, ControlMessage, Frame};

/// How long a message waits for room in the outbox of a slow worker. Meanwhile its sender is not
/// read. Afterwards the worker counts as stalled, and messages to it no longer wait.
const OUTBOX_TIMEOUT: Duration = Duration::from_millis(200);

/// How long the registrations of a worker wait for its announcement (`docs/protocol.md` section
/// 1.3).
const GRACE: Duration = Duration::from_secs(5);

/// Number of messages to read before their answers are written and before another session runs on
/// the same thread. It is large enough for answers to share a system call. Beside 64 sessions that
/// never stop sending, a call waits for about 1,000 messages.
const TURN: usize = 16;

/// If a worker's messages block others for longer than this, the worker is not read for [`RESTS`]
/// times as long. Long lists and the search for similar function names are expensive.
const CHEAP: Duration = Duration::from_micros(100);
const RESTS: u32 = 16;
const LONGEST_REST: Duration = Duration::from_secs(1);

/// The prefixes of binary telemetry frames (`docs/protocol.md` section 7).
const TELEMETRY: [&[u8]; 3] = [b"OTLP", b"MTRC", b"LOGS"];

/// Serves one control connection, over a socket or within the process.
///
/// | state | the connection is | left by |
/// |---|---|---|
/// | serving | read and written | a message whose target has no room |
/// | delivering | written only | room at the target, the target's end, or [`OUTBOX_TIMEOUT`] |
/// | behind: too many answers wait for the peer | written only | the peer reading its answers |
/// | resting | written only | the end of the rest |
///
/// In each state, the session ends when the peer closes or is lost, when its outbox is closed (a
/// newer connection took over), when the peer reads too little within [`STALL`] or is silent for
/// too long, or when the engine stops.
pub(in crate::engine) struct Session<'a, T> {
    socket: &'a mut T,
    core: &'a Core,
    member: Member<'a>,
    /// Messages that resulted from the last one and have not found room yet. While there are any,
    /// nothing is read.
    deliveries: Deliveries,
    /// Runs while the first of them waits for room.
    outbox_timeout: Option<Pin<Box<Sleep>>>,
    unflushed: bool,
    /// Whether reading is paused because answers wait for the peer.
    behind: bool,
    /// Measures whether the peer reads the messages that wait for it.
    drain: Drain,
    /// Fires at the next check of `drain`; created when a message first waits.
    stall: Option<Pin<Box<Sleep>>>,
    ownership: Ownership,
    /// Set until the first message arrives, while the connection may be closed to make room.
    pending_connection: Option<PendingConnection>,
    /// Runs while the peer is paused to compensate for expensive operations.
    rest: Option<Pin<Box<Sleep>>>,
    /// Runs while an announcement or repeated registrations are expected.
    grace: Option<Pin<Box<Sleep>>>,
    keep_alive_timer: KeepAliveTimer,
    /// Fires when the keep-alive is due.
    timer: Pin<Box<Sleep>>,
}

/// Why a session ended.
enum Ended {
    /// The worker has closed.
    Closed,
    /// The worker disconnected or violated the transport protocol.
    Lost(TransportError),
    /// The worker did not read for too long.
    Stalled,
    /// The worker sent nothing for too long.
    Silent,
    /// The worker has sent nothing, and others need its slot.
    Crowded,
    /// The engine ends the session.
    Dismissed(Close),
}

impl<'a, T: Transport> Session<'a, T> {
    pub(in crate::engine) fn new(
        socket: &'a mut T,
        core: &'a Core,
        role: Arc<Role>,
        ownership: Ownership,
        peer: Option<IpAddr>,
    ) -> Self {
        let now = Instant::now();
        let agreed = socket.agreed();
        let keep_alive = core.limits.keep_alive.at_least(agreed.ping_every);
        Self {
            socket,
            core,
            member: core.control.join(role, peer, agreed),
            deliveries: Deliveries::new(),
            outbox_timeout: None,
            unflushed: false,
            behind: false,
            drain: Drain::default(),
            stall: None,
            ownership,
            pending_connection: None,
            rest: None,
            grace: Some(Box::pin(sleep(GRACE))),
            keep_alive_timer: KeepAliveTimer::new(keep_alive, now.into_std()),
            timer: Box::pin(sleep_until(now)),
        }
    }

    /// Marks the connection as one that has sent nothing yet.
    pub(in crate::engine) fn pending_connection(
        mut self,
        pending_connection: PendingConnection,
    ) -> Self {
        self.pending_connection = Some(pending_connection);
        self
    }

    pub(in crate::engine) async fn run(mut self) -> CloseOutcome {
        let core = self.core;
        let cut = self
            .pending_connection
            .as_ref()
            .map(PendingConnection::cut)
            .unwrap_or_default();
        let ended = tokio::select! {
            biased;
            ended = poll_fn(|cx| self.poll_serve(cx)) => ended,
            () = core.stopping.cancelled() => Ended::Dismissed(Close::STOPPING),
            () = cut.cancelled() => Ended::Crowded,
        };
        let Self {
            socket,
            member,
            ownership,
            deliveries,
            ..
        } = self;
        let worker = member.id.clone();
        // First, so that others do not wait for a worker while its connection is being closed.
        let dead_after = core.limits.keep_alive.dead_after;
        core.control.deliver_rest(deliveries);
        member.depart(match &ended {
            Ended::Lost(_) => Disconnect::Lost,
            Ended::Silent => Disconnect::Silent(dead_after),
            _ => Disconnect::Disconnected,
        });
        match ended {
            Ended::Closed => {
                tracing::debug!(%worker, "a worker disconnected");
                closing::answer(socket).await
            }
            Ended::Lost(error) => {
                tracing::debug!(%worker, %error, "a worker was lost");
                closing::broken(socket, error).await
            }
            Ended::Stalled => {
                tracing::warn!(%worker, "a worker read too little for {STALL:?} and was disconnected");
                CloseOutcome::Done
            }
            Ended::Silent => {
                ownership.fell_silent();
                tracing::warn!(%worker, "a worker was silent for {dead_after:?} and was disconnected");
                // It may only have been suspended; then it learns the reason when it resumes.
                closing::close(socket, Close::SILENT, closing::BRIEF).await
            }
            Ended::Crowded => {
                tracing::debug!(%worker, "a worker that said nothing made room for another");
                CloseOutcome::Done
            }
            Ended::Dismissed(close) => closing::close(socket, close, closing::BRIEF).await,
        }
    }

    fn poll_serve(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if let Poll::Ready(ended) = self.poll_read(cx) {
            return Poll::Ready(ended);
        }
        self.poll_grace(cx);
        // A long message takes time on a slow connection, in both directions.
        let signs = self.socket.traffic().signs;
        self.keep_alive_timer.saw(signs, Instant::now().into_std());
        // After reading, so that a message that arrived in time counts.
        if let Poll::Ready(ended) = self.poll_pulse(cx) {
            return Poll::Ready(ended);
        }
        self.poll_write(cx)
    }

    /// Stops waiting for the worker's announcement when its time is up.
    fn poll_grace(&mut self, cx: &mut Context<'_>) {
        if self.member.take_reattached() {
            self.grace = Some(Box::pin(sleep(GRACE)));
        }
        if let Some(grace) = &mut self.grace
            && grace.as_mut().poll(cx).is_ready()
        {
            self.grace = None;
            if !self.member.is_settled() {
                self.member.settle(self.core, &mut self.deliveries);
                // Needed for pending deliveries.
                cx.waker().wake_by_ref();
            }
        }
    }

    /// Pings a silent worker, and finally disconnects it.
    fn poll_pulse(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            let next = match self.keep_alive_timer.check(now.into_std()) {
                Check::Dead => return Poll::Ready(Ended::Silent),
                Check::Ping => {
                    if let Err(error) = self.socket.start_ping() {
                        return Poll::Ready(Ended::Lost(error));
                    }
                    self.unflushed = true;
                    // Within the process, the answer is there immediately, without a wake-up.
                    cx.waker().wake_by_ref();
                    now
                }
                Check::Wait(until) => Instant::from_std(until),
            };
            self.timer.as_mut().reset(next);
        }
        Poll::Pending
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        if !self.poll_next(cx) {
            // The engine is not reading from the worker, so its silence means nothing.
            self.keep_alive_timer.heard(Instant::now().into_std());
            return Poll::Pending;
        }
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
        }
        for turn in 0..TURN {
            let received = self.socket.poll_receive(cx);
            if turn == 0 && received.is_ready() {
                self.keep_alive_timer.heard(Instant::now().into_std());
            }
            match received {
                Poll::Ready(Received::Frame(frame)) => {
                    self.pending_connection = None;
                    match self.member.outbox.received(frame.len()) {
                        Ok(None) => {}
                        Ok(Some(count)) => self.member.acknowledge(count, &mut self.deliveries),
                        Err(()) => return Poll::Ready(Ended::Dismissed(replaced())),
                    }
                    self.handle(&frame);
                }
                Poll::Ready(Received::Pong) => {}
                Poll::Ready(Received::Closed(_)) => return Poll::Ready(Ended::Closed),
                Poll::Ready(Received::Lost(error)) => return Poll::Ready(Ended::Lost(error)),
                Poll::Pending => {
                    return Poll::Pending;
                }
            }
            if !self.poll_next(cx) {
                return Poll::Pending;
            }
            let cost = self.member.take_cost();
            if cost >= CHEAP {
                let rest = self
                    .rest
                    .insert(Box::pin(sleep((cost * RESTS).min(LONGEST_REST))));
                // When it ends, it wakes this task.
                let resting = rest.as_mut().poll(cx).is_pending();
                self.keep_alive_timer.heard(Instant::now().into_std());
                if resting {
                    return Poll::Pending;
                }
            }
        }
        // There may be more to read, but writing comes first.
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Whether messages may be read from the peer: none of its messages waits for delivery, and it
    /// reads its answers.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> bool {
        if self.poll_deliver(cx).is_pending() {
            return false;
        }
        self.behind = self.member.outbox.is_behind();
        !self.behind
    }

    /// Waits until every message is in its outbox or was refused.
    fn poll_deliver(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(delivery) = self.deliveries.front_mut() {
            let own = Arc::ptr_eq(&delivery.to, &self.member.outbox);
            let Poll::Ready(queued) = delivery.to.poll_push(cx, &mut delivery.message, own) else {
                let outbox_timeout = self
                    .outbox_timeout
                    .get_or_insert_with(|| Box::pin(sleep(OUTBOX_TIMEOUT)));
                ready!(outbox_timeout.as_mut().poll(cx));
                self.outbox_timeout = None;
                // The message is refused from now on.
                delivery.to.stalled();
                continue;
            };
            self.outbox_timeout = None;
            if let Some(delivery) = self.deliveries.pop_front()
                && let Err(reason) = queued
            {
                self.core
                    .control
                    .not_delivered(delivery, &reason, &mut self.deliveries);
            }
        }
        Poll::Ready(())
    }

    /// Unreadable messages are ignored: a newer version may have sent them (`docs/protocol.md`
    /// section 1.6).
    fn handle(&mut self, frame: &Frame) {
        let json = match frame {
            Frame::Message(text) => text.as_str(),
            Frame::Data(bytes) if TELEMETRY.iter().any(|prefix| bytes.starts_with(prefix)) => {
                return;
            }
            Frame::Data(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        };
        match ControlMessage::decode(json) {
            Ok(message) => match bounded(message) {
                Some(message) => self.member.handle(message, self.core, &mut self.deliveries),
                None => {
                    tracing::debug!(worker = %self.member.id, "ignored a message with a long id");
                }
            },
            Err(error) => {
                tracing::debug!(worker = %self.member.id, %error, "received what is no message");
                let problem = error.to_string();
                self.member.invalid(json, &problem, &mut self.deliveries);
            }
        }
    }
}
