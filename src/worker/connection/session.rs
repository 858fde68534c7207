use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};
use uuid::Uuid;

use super::super::Rejection;
use super::command::{CallKind, Reply};
use super::driver::Driver;
use super::ended::Ended;
use super::greeting::refusal;
use super::outbox::Outgoing;
use super::state::Status;
use crate::transport::{Check, KeepAliveTimer, Received, Transport};
use crate::wire::{
    ControlMessage, EXTENSIONS_VERSION, Frame, FunctionActive, InvocationResult, Payload, Reattach,
    RegistrationRejected, Text, WorkerRegistered, code,
};

/// Number of messages to handle before yielding to other tasks.
const TURN: usize = 64;

/// The minimum message limit of an engine: registrations and calls must fit.
const LEAST_LIMIT: usize = 4 << 10;

/// One control connection.
pub(in crate::worker) struct Session<'a> {
    pub(in crate::worker) driver: &'a mut Driver,
    transport: Box<dyn Transport>,
    /// A frame that was received before the session started.
    early: Option<Frame>,
    keep_alive_timer: KeepAliveTimer,
    /// The longest message that was sent.
    longest: usize,
    /// Fires when the keep-alive or the end of a drain is due.
    timer: Pin<Box<Sleep>>,
    /// Whether anything was sent since the last flush.
    unflushed: bool,
    /// Whether the last call exceeded the limit.
    pub(in crate::worker) overloaded: bool,
}

impl Driver {
    /// Starts to use `transport`, whose first frame may already have arrived.
    pub(in crate::worker) fn session(
        &mut self,
        transport: Box<dyn Transport>,
        early: Option<Frame>,
    ) -> Session<'_> {
        Session::new(self, transport, early)
    }
}

impl<'a> Session<'a> {
    fn new(driver: &'a mut Driver, transport: Box<dyn Transport>, early: Option<Frame>) -> Self {
        let now = Instant::now();
        let keep_alive = driver.keep_alive.at_least(transport.agreed().ping_every);
        let keep_alive_timer = KeepAliveTimer::new(keep_alive, now.into_std());
        Self {
            driver,
            transport,
            early,
            keep_alive_timer,
            longest: 0,
            timer: Box::pin(sleep_until(now)),
            unflushed: false,
            overloaded: false,
        }
    }

    pub(in crate::worker) fn into_transport(self) -> Box<dyn Transport> {
        self.transport
    }

    /// Does everything that is possible now. Completes when the session has ended.
    ///
    /// Messages are sent one after another and flushed when there are no more, so a busy worker
    /// needs fewer system calls and an idle one does not wait.
    pub(in crate::worker) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Ended> {
        match self.turn(cx) {
            Ok(true) => {
                // There is more to do, but other tasks come first.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Ok(false) => Poll::Pending,
            Err(ended) => Poll::Ready(ended),
        }
    }

    /// Performs one turn. Returns whether there may be more to do.
    fn turn(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        for _ in 0..TURN {
            let received = self.receive(cx)?;
            self.collect(cx);
            self.send(cx)?;
            let timed = self.watch_time(cx)?;
            if self.driver.is_idle() && self.driver.outbox.is_empty() {
                return Err(Ended::Drained);
            }
            if !received && !timed {
                return self.flush(cx).map(|()| false);
            }
        }
        self.flush(cx).map(|()| true)
    }

    /// Handles one message from the engine. Returns whether there was one.
    fn receive(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        if let Some(frame) = self.early.take() {
            self.driver.count_received(frame.len());
            self.handle(&frame)?;
            return Ok(true);
        }
        let received = match self.transport.poll_receive(cx) {
            Poll::Pending => return Ok(false),
            Poll::Ready(received) => received,
        };
        self.keep_alive_timer.heard(Instant::now().into_std());
        match received {
            Received::Frame(frame) => {
                self.driver.count_received(frame.len());
                self.handle(&frame)?;
            }
            Received::Pong => {}
            Received::Closed(close) => {
                if close.code == Some(code::TOO_BIG) {
                    self.learn_limit();
                }
                return Err(Ended::Lost {
                    reason: close.to_string(),
                    kept: false,
                });
            }
            Received::Lost(error) => return Err(error.into()),
        }
        Ok(true)
    }

    /// Takes results of functions and commands of handles.
    fn collect(&mut self, cx: &mut Context<'_>) {
        let mut answers = Vec::new();
        let session = self.driver.session;
        while let Poll::Ready(Some(finished)) = self.driver.running.poll_finished(cx, session) {
            if finished.session == session {
                answers.extend(finished.answer);
            }
            if let Some(draining) = &mut self.driver.draining {
                draining.finished(Instant::now());
            }
        }
        if !answers.is_empty() {
            // Requests that a function made before it finished are sent before its result.
            while let Ok(command) = self.driver.commands.try_recv() {
                self.driver.obey(command);
            }
            for frame in answers {
                self.driver.send(frame);
            }
        }
        while let Poll::Ready(Some(command)) = self.driver.commands.poll_recv(cx) {
            self.driver.obey(command);
        }
    }

    /// Sends as much as the transport accepts.
    fn send(&mut self, cx: &mut Context<'_>) -> Result<(), Ended> {
        while self.driver.outbox.has_next() {
            match self.transport.poll_ready(cx)? {
                Poll::Pending => return Ok(()),
                Poll::Ready(()) => {}
            }
            match self.driver.outbox.pop() {
                None => {}
                Some(Outgoing::Frame(frame) | Outgoing::Opening(frame))
                    if frame.len() > self.driver.shared.message_limit() =>
                {
                    // A registration that was queued for another engine; it counts as rejected.
                    tracing::debug!(
                        bytes = frame.len(),
                        "a message over the engine's limit was not sent"
                    );
                }
                Some(Outgoing::Opening(frame)) => self.send_frame(frame, true)?,
                Some(Outgoing::Frame(frame)) => self.send_frame(frame, false)?,
                Some(Outgoing::Call(call)) => {
                    let (size, limit) = (call.frame.len(), self.driver.shared.message_limit());
                    if size > limit {
                        // The caller has just given up.
                        let _ = call.reply.send(Reply::TooLarge { size, limit });
                        continue;
                    }
                    self.longest = self.longest.max(size);
                    let logged = self.driver.log_sent(&call.frame, false);
                    let frame = Frame::Message(call.frame.clone());
                    let sent = self.transport.start_send(frame);
                    if let (Err(_), false) = (&sent, logged) {
                        self.driver.outbox.put_back(call);
                        return Ok(sent?);
                    }
                    self.unflushed = true;
                    match call.kind {
                        CallKind::Answered => self.driver.calls.insert(call.id, call.reply),
                        CallKind::Void => {
                            // The caller has just given up, so nothing is lost.
                            let _ = call.reply.send(Reply::Answer(Ok(Payload::null())));
                        }
                    }
                    sent?;
                }
            }
        }
        Ok(())
    }

    fn send_frame(&mut self, frame: Text, opening: bool) -> Result<(), Ended> {
        self.longest = self.longest.max(frame.len());
        self.driver.log_sent(&frame, opening);
        self.transport.start_send(Frame::Message(frame))?;
        self.unflushed = true;
        Ok(())
    }

    /// Learns that the engine's message limit is lower than assumed. If the engine has stated its
    /// limit, the refusal has another reason: it currently lacks memory.
    fn learn_limit(&mut self) {
        if self.transport.agreed().message_limit.is_none() {
            let limit = self.longest.saturating_sub(1).max(LEAST_LIMIT);
            self.driver.learnt_limit = self.driver.learnt_limit.min(limit);
        }
    }

    fn flush(&mut self, cx: &mut Context<'_>) -> Result<(), Ended> {
        if !self.unflushed {
            return Ok(());
        }
        let now = Instant::now().into_std();
        if self.transport.poll_flush(cx)?.is_pending() {
            self.keep_alive_timer.held_up(now);
            return Ok(());
        }
        self.unflushed = false;
        self.keep_alive_timer.all_sent(now);
        Ok(())
    }

    /// Sends pings and enforces timeouts. Returns whether anything was done.
    fn watch_time(&mut self, cx: &mut Context<'_>) -> Result<bool, Ended> {
        // A long message takes time on a slow connection, in both directions.
        let signs = self.transport.traffic().signs;
        self.keep_alive_timer.saw(signs, Instant::now().into_std());
        let deadline = self.driver.deadline();
        if let Some(deadline) = deadline.filter(|deadline| *deadline < self.timer.deadline()) {
            self.timer.as_mut().reset(deadline);
        }
        if self.timer.as_mut().poll(cx).is_pending() {
            return Ok(false);
        }
        let now = Instant::now();
        if self.driver.is_overdue(now) {
            return Err(Ended::Drained);
        }
        if self.driver.carried_too_long(now) {
            return Err(Ended::Lost {
                reason: "the engine did not answer the reattach".to_owned(),
                kept: false,
            });
        }
        let next = match self.keep_alive_timer.check(now.into_std()) {
            Check::Dead => {
                return Err(Ended::Lost {
                    reason: "the engine does not respond".to_owned(),
                    kept: false,
                });
            }
            Check::Ping => {
                self.transport.start_ping()?;
                self.unflushed = true;
                now
            }
            Check::Wait(until) => Instant::from_std(until),
        };
        self.timer.as_mut().reset(next);
        Ok(true)
    }

    fn handle(&mut self, frame: &Frame) -> Result<(), Ended> {
        let Frame::Message(text) = frame else {
            tracing::debug!("a binary frame on the control socket was ignored");
            return Ok(());
        };
        match ControlMessage::decode(text) {
            Ok(ControlMessage::InvocationResult(result)) => self.answered(result),
            Ok(ControlMessage::InvokeFunction(call)) => self.called(call),
            Ok(ControlMessage::WorkerRegistered(greeting)) => self.greeted(greeting),
            Ok(ControlMessage::RegistrationRejected(rejected)) => return self.rejected(rejected),
            Ok(ControlMessage::Ping) => self.driver.tell(&ControlMessage::Pong),
            Ok(ControlMessage::Pong) => self.driver.ponged(),
            Ok(ControlMessage::CancelInvocation(cancel)) => {
                self.driver.running.cancel(&cancel.invocation_id);
            }
            Ok(ControlMessage::Reattached(answer)) => self.driver.reattached(&answer),
            Ok(ControlMessage::Received(received)) => self.driver.acknowledged(received.count),
            Ok(ControlMessage::FunctionActive(active)) => self.activated(&active),
            Ok(ControlMessage::Drained) => {
                if let Some(draining) = &mut self.driver.draining {
                    draining.settle();
                }
            }
            Ok(ControlMessage::Unknown(kind)) => {
                if let Some(reason) = refusal(frame) {
                    tracing::warn!(reason, "the engine reports an error");
                } else {
                    tracing::debug!(kind, "a message of an unknown type was ignored");
                }
            }
            Ok(_) => {}
            // The error contains a position; the message may contain secrets.
            Err(error) => {
                tracing::debug!(
                    line = error.line(),
                    column = error.column(),
                    "a message cannot be read"
                );
                self.unreadable(text, &error);
            }
        }
        Ok(())
    }

    pub(in crate::worker) fn answered(&mut self, result: InvocationResult) {
        let known = Uuid::try_parse(&result.invocation_id).is_ok_and(|id| {
            let reply = Reply::Answer(result.into_outcome());
            self.driver.calls.answer(&id, reply)
        });
        if !known {
            tracing::trace!("a result without a waiting caller was ignored");
        }
    }

    fn greeted(&mut self, greeting: WorkerRegistered) {
        let WorkerRegistered {
            worker_id,
            reattach_token,
            pipewright,
        } = greeting;
        let extended = pipewright.is_some_and(|version| version >= EXTENSIONS_VERSION);
        self.driver.extended = extended;
        tracing::debug!(
            worker = self.driver.shared.announcement.name,
            id = worker_id,
            "connected"
        );
        self.driver
            .offered(reattach_token.map(|reattach_token| Reattach {
                previous_worker_id: worker_id.clone(),
                reattach_token,
                received: None,
            }));
        self.driver.status.send_modify(|status: &mut Status| {
            status.worker_id = Some(worker_id);
            status.extended = extended;
        });
    }

    fn rejected(&mut self, rejected: RegistrationRejected) -> Result<(), Ended> {
        let of_a_function = rejected.function_id.is_some();
        let rejection = Rejection::from(rejected);
        let worker = &self.driver.shared.announcement.name;
        if !of_a_function {
            tracing::warn!(worker, %rejection, "the engine rejects the worker");
            return Err(Ended::Rejected(Box::new(rejection)));
        }
        let is_new = self.driver.shared.registry().reject(rejection.clone());
        if is_new {
            tracing::warn!(worker, %rejection, "a function is not served");
        }
        // Our engine reports when a function becomes available; other engines are polled.
        if rejection.is_waiting() && !self.driver.extended {
            self.driver.registration_retry.schedule(Instant::now());
        }
        Ok(())
    }

    /// Records that a waiting function is now served by this worker.
    fn activated(&mut self, active: &FunctionActive) {
        let function = &active.function_id;
        if self.driver.shared.registry().activate(function) {
            let worker = &self.driver.shared.announcement.name;
            tracing::info!(worker, function, "serves a function that it has waited for");
        }
    }
}
