use std::sync::{Mutex, MutexGuard};

use tokio::sync::{broadcast, watch};

use super::{Fault, FaultPlan, InjectedFault, Way};
use crate::sync::MutexExt;

/// Maximum number of explicitly triggered faults that a connection has not handled yet. The owner
/// of the proxy triggers them one at a time.
const ORDERS: usize = 64;

/// State shared by a proxy and its connections.
pub(super) struct ProxyState {
    settings: Mutex<Settings>,
    orders: broadcast::Sender<ManualFault>,
    strikes: watch::Sender<Vec<InjectedFault>>,
    /// Bytes forwarded in both directions.
    carried: watch::Sender<u64>,
}

/// Settings of new connections.
#[derive(Clone)]
pub(super) struct Settings {
    /// Host and port of the engine; `None` ends each connection immediately.
    pub(super) target: Option<String>,
    pub(super) plan: FaultPlan,
}

/// A fault that was triggered explicitly for every existing connection.
#[derive(Clone, Copy)]
pub(super) struct ManualFault {
    pub(super) way: Way,
    pub(super) fault: Fault,
}

impl ProxyState {
    pub(super) fn new(settings: Settings) -> Self {
        Self {
            settings: Mutex::new(settings),
            orders: broadcast::Sender::new(ORDERS),
            strikes: watch::Sender::new(Vec::new()),
            carried: watch::Sender::new(0),
        }
    }

    /// The lock is never held across an await.
    pub(super) fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock_unpoisoned()
    }

    pub(super) fn order(&self, way: Way, fault: Fault) {
        // Without a connection there is no receiver.
        let _ = self.orders.send(ManualFault { way, fault });
    }

    pub(super) fn orders(&self) -> broadcast::Receiver<ManualFault> {
        self.orders.subscribe()
    }

    pub(super) fn struck(&self, strike: InjectedFault) {
        self.strikes.send_modify(|strikes| strikes.push(strike));
    }

    pub(super) fn strikes(&self) -> watch::Receiver<Vec<InjectedFault>> {
        self.strikes.subscribe()
    }

    pub(super) fn carry(&self, bytes: usize) {
        self.carried.send_modify(|carried| *carried += bytes as u64);
    }

    pub(super) fn carried(&self) -> watch::Receiver<u64> {
        self.carried.subscribe()
    }
}
