use std::time::Duration;

use futures::StreamExt;
use tokio::time::timeout;

use crate::worker::{ConnectionState, Worker};

/// How long it may take to detect a lost connection to the engine.
const DISCONNECT: Duration = Duration::from_millis(500);

/// Determines whether the worker of a run has lost its engine since the run started.
pub(super) struct EngineWatch {
    worker: Worker,
    /// How often the worker had reconnected at the start.
    reconnects: u64,
}

impl EngineWatch {
    pub(super) fn new(worker: &Worker) -> Self {
        Self {
            reconnects: worker.metrics().reconnects,
            worker: worker.clone(),
        }
    }

    /// Whether the connection was lost. It waits a moment for the loss to be detected.
    pub(super) async fn is_lost(&self) -> bool {
        // The worker may have reconnected meanwhile, but the calls of the run were lost.
        if self.worker.metrics().reconnects > self.reconnects {
            return true;
        }
        let mut states = self.worker.states();
        let lost = async {
            while self.worker.state() == ConnectionState::Connected {
                if states.next().await.is_none() {
                    return;
                }
            }
        };
        timeout(DISCONNECT, lost).await.is_ok()
    }
}
