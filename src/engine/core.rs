use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::EngineStats;
use super::access::Access;
use super::channels::Channels;
use super::control::Control;
use super::limits::Limits;
use super::metrics::Metrics;
use super::newcomers::Newcomers;
use super::owners::Owners;
use super::runs::Runs;
use crate::transport::Budget;

/// Connections that may be refused at a time: each is a task and a descriptor for a second at most.
const REFUSALS: usize = 64;

/// What all connections of one engine share.
pub(super) struct Core {
    pub(super) limits: Limits,
    /// What a request for `/` has to bring, if anything, and what it may do then.
    pub(super) access: Access,
    /// Whether connections are encrypted.
    pub(super) encrypted: bool,
    /// Whether a browser is given the dashboard.
    pub(super) dashboard: bool,
    pub(super) control: Control,
    pub(super) channels: Arc<Channels>,
    pub(super) runs: Arc<Runs>,
    pub(super) owners: Arc<Owners>,
    pub(super) metrics: Arc<Metrics>,
    /// A permit for each connection there may be.
    pub(super) connections: Arc<Semaphore>,
    /// A permit for each connection that is being refused.
    pub(super) refusals: Arc<Semaphore>,
    /// Connections that have said nothing yet.
    pub(super) newcomers: Arc<Newcomers>,
    /// What connections keep of long messages that are not whole.
    pub(super) incoming: Arc<Budget>,
    /// Cancelled when the engine is to stop. Every task watches it and ends within a second.
    pub(super) stopping: CancellationToken,
    /// Every task of the engine; bounded by its connections.
    pub(super) tasks: TaskTracker,
}

impl Core {
    pub(super) fn new(
        limits: Limits,
        access: Access,
        encrypted: bool,
        dashboard: bool,
    ) -> Arc<Self> {
        let metrics = Arc::new(Metrics::new());
        let runs = Arc::new(Runs::new(dashboard));
        Arc::new(Self {
            limits,
            access,
            encrypted,
            dashboard,
            control: Control::new(&limits, Arc::clone(&metrics), Arc::clone(&runs)),
            channels: Arc::new(Channels::new(&limits, Arc::clone(&runs))),
            runs,
            owners: Arc::default(),
            metrics,
            connections: Arc::new(Semaphore::new(permits(&limits))),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            newcomers: Newcomers::new(limits.newcomers),
            incoming: Budget::new(limits.incoming_bytes),
            stopping: CancellationToken::new(),
            tasks: TaskTracker::new(),
        })
    }

    pub(super) fn stats(&self) -> EngineStats {
        let mut stats = EngineStats::default();
        self.control.count(&mut stats);
        self.channels.count(&mut stats);
        stats
    }

    /// Connections over a socket there are now.
    pub(super) fn connected(&self) -> usize {
        permits(&self.limits).saturating_sub(self.connections.available_permits())
    }
}

fn permits(limits: &Limits) -> usize {
    limits.connections.min(Semaphore::MAX_PERMITS)
}
