use tokio::time::Instant;

use super::barrier::Barrier;
use super::draining::Draining;
use super::driver::Driver;
use crate::transport::later;
use crate::wire::{ControlMessage, UnregisterFunction};

/// Scheduled work of a driver: shutting down, and offering functions again.
impl Driver {
    pub(in crate::worker) fn drain(&mut self, unused: bool) {
        if self.draining.is_some() {
            return;
        }
        self.unused = unused;
        self.shared.stopping.cancel();
        let now = Instant::now();
        let until = later(now, self.shared.shutdown_timeout);
        let functions = self.shared.registry().retire();
        // Calls that the engine forwarded before it learns of the shutdown may still arrive.
        let confirmed = functions.is_empty();
        let draining = Draining::new(now, until, confirmed);
        self.draining = Some(draining);
        for id in functions {
            self.tell(&ControlMessage::UnregisterFunction(UnregisterFunction {
                id,
            }));
        }
        if confirmed {
            return;
        }
        if self.extended {
            self.tell(&ControlMessage::Drain);
        } else {
            self.ping(Barrier::Drain);
        }
    }

    /// Asks the engine to answer after it has processed everything sent so far.
    fn ping(&mut self, barrier: Barrier) {
        self.barriers.push_back(barrier);
        self.tell(&ControlMessage::Ping);
    }

    /// The engine has answered a ping.
    pub(in crate::worker) fn ponged(&mut self) {
        match self.barriers.pop_front() {
            None => {}
            Some(Barrier::Drain) => {
                if let Some(draining) = &mut self.draining {
                    draining.settle();
                }
            }
            Some(Barrier::RegistrationRetry) => {
                let (taken, waits) = {
                    let mut registry = self.shared.registry();
                    (registry.asked(), registry.is_waiting())
                };
                for function in taken {
                    tracing::info!(
                        worker = self.shared.announcement.name,
                        function,
                        "serves a function that it has waited for"
                    );
                }
                if waits {
                    self.registration_retry.schedule(Instant::now());
                } else {
                    self.registration_retry.reset();
                }
            }
        }
    }

    /// When scheduled work is due.
    pub(in crate::worker) fn deadline(&self) -> Option<Instant> {
        let draining = self.draining.as_ref();
        let draining = draining.map(|draining| draining.deadline(self.running.is_empty()));
        draining
            .into_iter()
            .chain(self.registration_retry.deadline())
            .chain(self.carried_until())
            .min()
    }

    /// Performs due work. Returns whether the worker has to end.
    pub(in crate::worker) fn is_overdue(&mut self, now: Instant) -> bool {
        if self.registration_retry.take_due(now) && self.draining.is_none() {
            let frames = self.shared.registry().ask_again();
            for frame in frames {
                self.send(frame);
            }
            self.ping(Barrier::RegistrationRetry);
        }
        let nothing_runs = self.running.is_empty();
        let draining = self.draining.as_mut();
        draining.is_some_and(|draining| draining.is_overdue(now, nothing_runs))
    }

    /// Whether the worker shuts down and has nothing left to do.
    pub(in crate::worker) fn is_idle(&self) -> bool {
        self.draining.as_ref().is_some_and(Draining::is_settled) && self.running.is_empty()
    }
}
