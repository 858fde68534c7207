//! A coarse clock whose reading costs one memory load. It counts milliseconds while it is in use.
//!
//! A sender reads it for each item that joins others; reading the system clock would cost as much
//! as sending the item. A thread does the counting. A task would stop when blocking code occupies
//! the only thread of a runtime, which is when the clock is needed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use crate::sync::MutexExt;

/// Duration of a tick.
const TICK: Duration = Duration::from_millis(1);

static COUNT: AtomicU64 = AtomicU64::new(0);
static USERS: Mutex<usize> = Mutex::new(0);
static SOMEBODY: Condvar = Condvar::new();
static STARTED: Once = Once::new();

/// The number of ticks so far. They advance only while there is a [`CoarseClock`].
pub(in crate::channel::items) fn now() -> u64 {
    COUNT.load(Relaxed)
}

/// The system clock, which costs as much as an item.
pub(in crate::channel::items) fn instant() -> Instant {
    #[cfg(not(shuttle))]
    let now = Instant::now();
    // Time does not pass in a model.
    #[cfg(shuttle)]
    let now = {
        static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *BEGUN.get_or_init(Instant::now)
    };
    now
}

/// Keeps the clock running.
#[derive(Debug)]
pub(in crate::channel::items) struct CoarseClock(());

impl CoarseClock {
    pub(in crate::channel::items) fn start() -> Self {
        if cfg!(shuttle) {
            return Self(());
        }
        STARTED.call_once(|| {
            let thread = std::thread::Builder::new().name("pipewright-ticks".to_owned());
            // If the thread cannot start, only the timers of the runtime send items.
            if let Err(error) = thread.spawn(count) {
                tracing::warn!(%error, "cannot start the thread that counts milliseconds");
            }
        });
        let mut users = USERS.lock_unpoisoned();
        *users += 1;
        if *users == 1 {
            SOMEBODY.notify_one();
        }
        Self(())
    }
}

impl Drop for CoarseClock {
    fn drop(&mut self) {
        if cfg!(shuttle) {
            return;
        }
        *USERS.lock_unpoisoned() -= 1;
    }
}

fn count() {
    loop {
        let mut users = USERS.lock_unpoisoned();
        while *users == 0 {
            users = SOMEBODY.wait(users).unwrap_or_else(PoisonError::into_inner);
        }
        drop(users);
        std::thread::sleep(TICK);
        COUNT.fetch_add(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{CoarseClock, now};

    #[test]
    fn ticks_pass_while_somebody_looks() {
        let _ticking = CoarseClock::start();
        let begun = now();
        while now() < begun + 2 {
            std::thread::yield_now();
        }
    }
}
