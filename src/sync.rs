//! Locks, atomics and timers of std and tokio. With `--cfg shuttle` they are those of shuttle,
//! which chooses the next task after each step and so runs models in many interleavings
//! (`.ci/models`).

use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};

#[cfg(shuttle)]
pub(crate) use model::{AtomicBool, Mutex, MutexGuard, PoisonError, Sleep, TryLockError, sleep};
#[cfg(not(shuttle))]
pub(crate) use real::{AtomicBool, Mutex, MutexGuard, PoisonError, Sleep, TryLockError, sleep};

#[cfg(not(shuttle))]
mod real {
    pub(crate) use std::sync::atomic::AtomicBool;
    pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    pub(crate) use tokio::time::{Sleep, sleep};
}

#[cfg(shuttle)]
mod model {
    use std::pin::Pin;
    use std::time::Duration;

    pub(crate) use shuttle::sync::atomic::AtomicBool;
    pub(crate) use shuttle::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

    /// Models have no clock: the sleep ends after other tasks have had a chance to run.
    pub(crate) fn sleep(_: Duration) -> Sleep {
        Box::pin(shuttle::future::yield_now())
    }
}

/// Locks without regard to panics of other holders.
///
/// Use it for values that are consistent at each point where an operation can panic. A panic of one
/// task then does not spread to all others.
pub(crate) trait MutexExt {
    type Guard<'a>
    where
        Self: 'a;

    fn lock_unpoisoned(&self) -> Self::Guard<'_>;
}

impl<T: ?Sized> MutexExt for std::sync::Mutex<T> {
    type Guard<'a>
        = std::sync::MutexGuard<'a, T>
    where
        Self: 'a;

    #[inline]
    fn lock_unpoisoned(&self) -> Self::Guard<'_> {
        self.lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(shuttle)]
impl<T: ?Sized> MutexExt for Mutex<T> {
    type Guard<'a>
        = MutexGuard<'a, T>
    where
        Self: 'a;

    fn lock_unpoisoned(&self) -> Self::Guard<'_> {
        self.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Like [`MutexExt`], for locks that many may read.
pub(crate) trait RwLockExt<T> {
    fn read_unpoisoned(&self) -> RwLockReadGuard<'_, T>;
    fn write_unpoisoned(&self) -> RwLockWriteGuard<'_, T>;
}

impl<T> RwLockExt<T> for RwLock<T> {
    #[inline]
    fn read_unpoisoned(&self) -> RwLockReadGuard<'_, T> {
        self.read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    #[inline]
    fn write_unpoisoned(&self) -> RwLockWriteGuard<'_, T> {
        self.write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Runs a model in many interleavings: random ones, and ones with few task switches at critical
/// points.
#[cfg(all(test, shuttle))]
pub(crate) fn every_order(model: impl Fn() + Send + Sync + Clone + 'static) {
    // Closing a stream creates a timer, although no model waits for it.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    shuttle::check_random(model.clone(), ORDERS);
    shuttle::check_pct(model, ORDERS, 3);
}

/// Number of interleavings of each kind.
#[cfg(all(test, shuttle))]
const ORDERS: usize = 2000;
