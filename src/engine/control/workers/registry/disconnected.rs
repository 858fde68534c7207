use std::collections::VecDeque;

use super::WorkerId;
use crate::wire::AccessKey;

/// Number of disconnected workers that are remembered; when exceeded, the oldest is forgotten.
const REMEMBERED: usize = 1024;

/// Data that is kept about disconnected workers, so that a worker that reconnects keeps its
/// identity and quotas.
#[derive(Default)]
pub(super) struct DisconnectedWorkers {
    /// Bounded by [`REMEMBERED`] entries of fixed size.
    workers: VecDeque<DisconnectedWorker>,
}

struct DisconnectedWorker {
    /// The id of its last connection.
    id: WorkerId,
    reattach_token: AccessKey,
    identity: WorkerId,
}

impl DisconnectedWorkers {
    pub(super) fn add(&mut self, id: WorkerId, reattach_token: AccessKey, identity: WorkerId) {
        if self.workers.len() >= REMEMBERED {
            self.workers.pop_front();
        }
        self.workers.push_back(DisconnectedWorker {
            id,
            reattach_token,
            identity,
        });
    }

    /// The identity of a worker that reconnects, if it proves that it is the same worker.
    pub(super) fn take(&mut self, id: &WorkerId, reattach_token: &AccessKey) -> Option<WorkerId> {
        let at = self
            .workers
            .iter()
            .position(|absent| absent.id == *id && absent.reattach_token == *reattach_token)?;
        self.workers.remove(at).map(|absent| absent.identity)
    }
}
