//! A coarse clock that costs a load of memory: it counts milliseconds, while anybody looks at it.
//!
//! A sender looks at it with each item that joins others, and to read the clock of the system
//! would cost as much as the item. A thread counts, because a task would stand still where plain
//! code blocks the only thread of a runtime, which is when it is needed.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// How often it counts.
const TICK: Duration = Duration::from_millis(1);

static COUNT: AtomicU64 = AtomicU64::new(0);
static USERS: Mutex<usize> = Mutex::new(0);
static SOMEBODY: Condvar = Condvar::new();
static STARTED: Once = Once::new();

/// Ticks so far. They pass only while there is a [`Ticking`].
pub(super) fn now() -> u64 {
    COUNT.load(Relaxed)
}

/// The clock of the system, which costs as much as an item.
pub(super) fn instant() -> Instant {
    #[cfg(not(shuttle))]
    let now = Instant::now();
    // No time passes in a model.
    #[cfg(shuttle)]
    let now = {
        static BEGUN: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
        *BEGUN.get_or_init(Instant::now)
    };
    now
}

/// Keeps the clock going.
#[derive(Debug)]
pub(super) struct Ticking(());

impl Ticking {
    pub(super) fn start() -> Self {
        if cfg!(shuttle) {
            return Self(());
        }
        STARTED.call_once(|| {
            let thread = std::thread::Builder::new().name("pipewright-ticks".to_owned());
            // Without it items go out by the timers of the runtime alone.
            if let Err(error) = thread.spawn(count) {
                tracing::warn!(%error, "cannot start the thread that counts milliseconds");
            }
        });
        let mut users = USERS.lock().unwrap_or_else(PoisonError::into_inner);
        *users += 1;
        if *users == 1 {
            SOMEBODY.notify_one();
        }
        Self(())
    }
}

impl Drop for Ticking {
    fn drop(&mut self) {
        if cfg!(shuttle) {
            return;
        }
        *USERS.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}

fn count() {
    loop {
        let mut users = USERS.lock().unwrap_or_else(PoisonError::into_inner);
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
    use super::{Ticking, now};

    #[test]
    fn ticks_pass_while_somebody_looks() {
        let _ticking = Ticking::start();
        let begun = now();
        while now() < begun + 2 {
            std::thread::yield_now();
        }
    }
}
