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
use super::net::pending_connections::PendingConnections;
use super::owners::Owners;
use super::runs::Runs;
use crate::transport::Budget;

/// Maximum number of connections that are being refused at a time. Each takes a task and a
/// descriptor for at most a second.
const REFUSALS: usize = 64;

/// State shared by all connections of an engine.
pub(super) struct Core {
    pub(super) limits: Limits,
    /// Required credentials and the resulting permissions.
    pub(super) access: Access,
    /// Whether connections are encrypted.
    pub(super) encrypted: bool,
    /// Whether the dashboard is enabled.
    pub(super) dashboard: bool,
    pub(super) control: Control,
    pub(super) channels: Arc<Channels>,
    pub(super) runs: Arc<Runs>,
    pub(super) owners: Arc<Owners>,
    pub(super) metrics: Arc<Metrics>,
    /// One permit for each possible connection.
    pub(super) connections: Arc<Semaphore>,
    /// One permit for each connection being refused.
    pub(super) refusals: Arc<Semaphore>,
    /// Connections that have sent nothing yet.
    pub(super) pending_connections: Arc<PendingConnections>,
    /// Memory of incomplete long messages.
    pub(super) incoming: Arc<Budget>,
    /// Cancelled when the engine should stop. Every task watches it and ends within a second.
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
            pending_connections: PendingConnections::new(limits.pending_connections),
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

    /// Current number of connections over sockets.
    pub(super) fn connected(&self) -> usize {
        permits(&self.limits).saturating_sub(self.connections.available_permits())
    }
}

fn permits(limits: &Limits) -> usize {
    limits.connections.min(Semaphore::MAX_PERMITS)
}
