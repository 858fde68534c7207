use std::task::{Context, Waker};

#[cfg(not(shuttle))]
use std::future::Future;
#[cfg(not(shuttle))]
use std::pin::{Pin, pin};

#[cfg(not(shuttle))]
use tokio::task::coop::unconstrained;
#[cfg(not(shuttle))]
use tokio::time::{Instant, Sleep, sleep};

/// Wakes the flusher of a sender within one or two milliseconds.
///
/// The sender sets it, but the runtime's timer fires it. Waking the flusher from the sender's
/// thread would not help: the runtime runs the most recently woken task on the waking thread, where
/// it would wait while the sender computes.
#[derive(Debug)]
pub(in crate::channel::items) struct FlushTimer {
    #[cfg(not(shuttle))]
    timer: Pin<Box<Sleep>>,
    set: bool,
}

impl FlushTimer {
    /// Must be called within a runtime.
    pub(in crate::channel::items) fn new() -> Self {
        Self {
            #[cfg(not(shuttle))]
            timer: Box::pin(sleep(std::time::Duration::ZERO)),
            set: false,
        }
    }

    pub(in crate::channel::items) fn is_set(&self) -> bool {
        self.set
    }

    /// Fires at the next tick of the runtime's timer.
    pub(in crate::channel::items) fn set(&mut self, flusher: &Waker) {
        self.set = true;
        #[cfg(not(shuttle))]
        {
            self.timer.as_mut().reset(Instant::now());
            if self.poll(flusher) {
                // It fired immediately, so the task that set it cannot yield to the flusher later.
                self.set = true;
                flusher.wake_by_ref();
            }
        }
        #[cfg(shuttle)]
        flusher.wake_by_ref();
    }

    /// Whether it has fired since it was set.
    pub(in crate::channel::items) fn has_rung(&mut self, flusher: &Waker) -> bool {
        self.set && self.poll(flusher)
    }

    fn poll(&mut self, flusher: &Waker) -> bool {
        let cx = &mut Context::from_waker(flusher);
        // The cooperative budget belongs to the polling task, and the timer must be polled in any
        // case.
        #[cfg(not(shuttle))]
        let rung = pin!(unconstrained(self.timer.as_mut())).poll(cx).is_ready();
        #[cfg(shuttle)]
        let rung = {
            let _ = cx;
            true
        };
        if rung {
            self.set = false;
        }
        rung
    }
}
