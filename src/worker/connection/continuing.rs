use tokio::time::Instant;

use super::carried::{Carried, Progress};
use super::driver::Driver;
use crate::transport::{PeerExtensions, later};
use crate::wire::{ControlMessage, Reattach, Reattached, Received, Text, is_part_of_call};

/// Maximum number of bytes that were sent and not acknowledged. When exceeded, the oldest messages
/// are dropped, and the calls do not survive a connection that is lost before they arrive.
const MAX_LOGGED: usize = 64 << 20;

/// The transition of a driver from one connection to the next.
impl Driver {
    /// Queues the first messages of a connection (`docs/protocol.md` section 1.2): reattach,
    /// functions, announcement. While calls are carried over, only the reattach.
    pub(in crate::worker) fn begin(&mut self, agreed: PeerExtensions) {
        self.barriers.clear();
        self.registration_retry.reset();
        self.progress = Progress {
            agreed,
            ..Progress::default()
        };
        if let (Some(carried), Some(reattach), Some(_)) =
            (&self.carried, &self.reattach, agreed.reattach_within)
        {
            let reattach = ControlMessage::Reattach(Reattach {
                received: Some(carried.received),
                ..reattach.clone()
            });
            // Strings and numbers can always be written as JSON.
            return self.outbox.hold(reattach.encode());
        }
        self.end_carried();
        self.new_session();
        let reattach = self.reattach.clone().map(ControlMessage::Reattach);
        let reattach = reattach.and_then(|message| message.encode().ok());
        let opening = self.opening();
        self.outbox.restart(reattach.into_iter().chain(opening));
    }

    /// Functions and announcement.
    fn opening(&self) -> Vec<Text> {
        let limit = self.shared.message_limit();
        let mut opening = self.shared.registry().replay(limit);
        opening.extend(self.shared.announcement.encode());
        opening
    }

    /// The running calls belong to a connection that cannot be continued.
    fn new_session(&mut self) {
        self.session += 1;
        self.running.forget_ids();
    }

    /// The connection was lost. Its calls wait for the next one if the engine keeps them; `kept`
    /// states whether the kind of the loss permits it.
    pub(in crate::worker) fn lost(&mut self, reason: &str, kept: bool) {
        if kept && self.carried.is_some() {
            return;
        }
        let within = self.progress.agreed.reattach_within;
        if let Some(within) = within.filter(|_| kept && self.reattach.is_some()) {
            let progress = std::mem::take(&mut self.progress);
            self.carried = Some(Carried {
                until: later(Instant::now(), within),
                reason: reason.to_owned(),
                log: progress.log,
                received: progress.receipts.count(),
            });
            return;
        }
        self.end_carried();
        self.calls.lost(reason);
    }

    /// Ends the carried calls, if there are any. They do not continue on another connection.
    pub(in crate::worker) fn end_carried(&mut self) {
        if let Some(carried) = self.carried.take() {
            self.calls.lost(&carried.reason);
            self.new_session();
        }
    }

    /// When the carried calls end.
    pub(in crate::worker) fn carried_until(&self) -> Option<Instant> {
        self.carried.as_ref().map(|carried| carried.until)
    }

    /// Whether the engine did not answer the reattach in time.
    pub(in crate::worker) fn carried_too_long(&self, now: Instant) -> bool {
        self.carried_until().is_some_and(|until| until <= now)
    }

    /// Stores the reattachment that a connection offers.
    pub(in crate::worker) fn offered(&mut self, reattach: Option<Reattach>) {
        if self.carried.is_some() {
            // The engine knows the calls by the older one.
            self.progress.next_reattach = reattach;
        } else {
            self.reattach = reattach;
        }
    }

    /// The engine has answered the reattach: the calls continue, or they are lost.
    pub(in crate::worker) fn reattached(&mut self, answer: &Reattached) {
        let Some(carried) = self.carried.take() else {
            return;
        };
        self.reattach = self.progress.next_reattach.take();
        let opening = self.opening();
        match answer.received {
            Some(count) if carried.log.covers(count) => {
                tracing::debug!(
                    worker = self.shared.announcement.name,
                    "the calls of the lost connection continue"
                );
                let again = carried.log.into_unreceived(count);
                self.outbox.release(opening, again);
                if self.draining.is_some() {
                    self.tell(&ControlMessage::Drain);
                }
            }
            _ => {
                self.calls.lost(&carried.reason);
                self.new_session();
                self.outbox.restart(opening);
            }
        }
    }

    /// Counts a message that is being sent. Returns whether it is sent again if it does not arrive.
    pub(in crate::worker) fn log_sent(&mut self, message: &Text, opening: bool) -> bool {
        let Progress { agreed, log, .. } = &mut self.progress;
        if agreed.reattach_within.is_none() {
            return false;
        }
        log.sent(message, !opening && is_part_of_call(message));
        while log.bytes() > MAX_LOGGED {
            log.shed();
        }
        true
    }

    /// Counts a message of `len` bytes from the engine, before it is handled.
    pub(in crate::worker) fn count_received(&mut self, len: usize) {
        if self.progress.agreed.reattach_within.is_none() {
            return;
        }
        if let Some(count) = self.progress.receipts.received(len) {
            self.tell(&ControlMessage::Received(Received { count }));
        }
    }

    /// The engine has received the first `count` messages of the connection.
    pub(in crate::worker) fn acknowledged(&mut self, count: u64) {
        self.progress.log.acknowledge(count);
    }
}
