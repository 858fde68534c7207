use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::EngineStats;
use super::access::Access;
use super::channels::Channels;
use super::control::Control;
use super::limits::Limits;
use super::newcomers::Newcomers;
use super::owners::Owners;
use crate::transport::Budget;

/// What all connections of one engine share.
pub(super) struct Core {
    pub(super) limits: Limits,
    /// What a request for `/` has to bring, if anything, and what it may do then.
    pub(super) access: Access,
    pub(super) control: Control,
    pub(super) channels: Arc<Channels>,
    pub(super) owners: Arc<Owners>,
    /// A permit for each connection there may be.
    pub(super) connections: Arc<Semaphore>,
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
    pub(super) fn new(limits: Limits, access: Access) -> Arc<Self> {
        Arc::new(Self {
            limits,
            access,
            control: Control::new(&limits),
            channels: Arc::new(Channels::new(&limits)),
            owners: Arc::default(),
            connections: Arc::new(Semaphore::new(
                limits.connections.min(Semaphore::MAX_PERMITS),
            )),
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
}
