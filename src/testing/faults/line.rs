use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{broadcast, watch};

use super::{Fault, FaultPlan, Strike, Way};

/// Orders that a connection may be behind with; the proxy's owner gives them one by one.
const ORDERS: usize = 64;

/// What a proxy and its connections share.
pub(super) struct Line {
    settings: Mutex<Settings>,
    orders: broadcast::Sender<Order>,
    strikes: watch::Sender<Vec<Strike>>,
    /// Bytes passed on, both ways.
    carried: watch::Sender<u64>,
}

/// For connections from now on.
#[derive(Clone)]
pub(super) struct Settings {
    /// Host and port of the engine; `None` to end each connection at once.
    pub(super) target: Option<String>,
    pub(super) plan: FaultPlan,
}

/// A fault for every connection that there is, by hand.
#[derive(Clone, Copy)]
pub(super) struct Order {
    pub(super) way: Way,
    pub(super) fault: Fault,
}

impl Line {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: Mutex::new(settings),
            orders: broadcast::Sender::new(ORDERS),
            strikes: watch::Sender::new(Vec::new()),
            carried: watch::Sender::new(0),
        }
    }

    /// Settings are read and set at once, with nothing awaited in between.
    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn order(&self, way: Way, fault: Fault) {
        // Nobody hears where there is no connection.
        let _ = self.orders.send(Order { way, fault });
    }

    pub(super) fn orders(&self) -> broadcast::Receiver<Order> {
        self.orders.subscribe()
    }

    pub(super) fn struck(&self, strike: Strike) {
        self.strikes.send_modify(|strikes| strikes.push(strike));
    }

    pub(super) fn strikes(&self) -> watch::Receiver<Vec<Strike>> {
        self.strikes.subscribe()
    }

    pub(super) fn carry(&self, bytes: usize) {
        self.carried.send_modify(|carried| *carried += bytes as u64);
    }

    pub(super) fn carried(&self) -> watch::Receiver<u64> {
        self.carried.subscribe()
    }
}
