//! What tasks share and how they wait, where models run it in every order of the tasks: what std
//! and tokio have, or with `--cfg shuttle` that of shuttle, which decides after each step whose
//! turn is next. `.ci/models` runs them.

#[cfg(shuttle)]
pub(crate) use self::model::{
    AtomicBool, Mutex, MutexGuard, PoisonError, Sleep, TryLockError, sleep,
};
#[cfg(not(shuttle))]
pub(crate) use self::real::{
    AtomicBool, Mutex, MutexGuard, PoisonError, Sleep, TryLockError, sleep,
};

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

    /// In a model no time passes: it is over when others may have had a turn.
    pub(crate) fn sleep(_: Duration) -> Sleep {
        Box::pin(shuttle::future::yield_now())
    }
}

/// Runs a model in many orders of its tasks: some by chance, some with few changes of turn, but at
/// the most telling moments.
#[cfg(all(test, shuttle))]
pub(crate) fn every_order(model: impl Fn() + Send + Sync + Clone + 'static) {
    // The close of a stream asks for a timer, which no model waits for.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _entered = runtime.enter();
    shuttle::check_random(model.clone(), ORDERS);
    shuttle::check_pct(model, ORDERS, 3);
}

/// Orders of a kind that a model is run in.
#[cfg(all(test, shuttle))]
const ORDERS: usize = 2000;
