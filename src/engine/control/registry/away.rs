use std::collections::VecDeque;

use super::WorkerId;
use crate::wire::AccessKey;

/// Workers without a connection that are remembered; of more the oldest is forgotten.
const REMEMBERED: usize = 1024;

/// What is kept of workers whose connection is gone, so that one that comes back is the same
/// worker and has the quotas that it had.
#[derive(Default)]
pub(super) struct Away {
    /// Bounded by [`REMEMBERED`] entries of fixed size.
    workers: VecDeque<Absent>,
}

struct Absent {
    /// Of its last connection.
    id: WorkerId,
    reattach_token: AccessKey,
    identity: WorkerId,
}

impl Away {
    pub(super) fn add(&mut self, id: WorkerId, reattach_token: AccessKey, identity: WorkerId) {
        if self.workers.len() >= REMEMBERED {
            self.workers.pop_front();
        }
        self.workers.push_back(Absent {
            id,
            reattach_token,
            identity,
        });
    }

    /// The identity of a worker that comes back, if it proves that it is the same.
    pub(super) fn take(&mut self, id: &WorkerId, reattach_token: &AccessKey) -> Option<WorkerId> {
        let at = self
            .workers
            .iter()
            .position(|absent| absent.id == *id && absent.reattach_token == *reattach_token)?;
        self.workers.remove(at).map(|absent| absent.identity)
    }
}
