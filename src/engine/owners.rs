use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio_util::sync::CancellationToken;

use crate::sync::MutexExt;

/// The connections of each worker whose clients state their owner.
///
/// When a worker stops responding, its channel ends are closed as well. An idle end alone does not
/// show whether its code is slow or its process has stopped.
#[derive(Default)]
pub(super) struct Owners {
    /// Protects the table for one operation. Bounded by the number of connections.
    table: Mutex<HashMap<Box<str>, Owner>>,
}

#[derive(Default)]
struct Owner {
    /// Number of its connections of any kind.
    connections: usize,
    /// Number of its control connections.
    controls: usize,
    silent: CancellationToken,
}

/// The kind of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Control,
    Channel,
}

/// One connection of an owner, or of an unknown one.
pub(super) struct Ownership(Option<Held>);

struct Held {
    owners: Arc<Owners>,
    name: Box<str>,
    part: Part,
    silent: CancellationToken,
}

impl Owners {
    /// Adds a connection of the owner `name`.
    pub(super) fn add(self: &Arc<Self>, name: &str, part: Part) -> Ownership {
        let mut table = self.lock();
        let owner = table.entry(name.into()).or_default();
        owner.connections += 1;
        owner.controls += usize::from(part == Part::Control);
        Ownership(Some(Held {
            owners: Arc::clone(self),
            name: name.into(),
            part,
            silent: owner.silent.clone(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Owner>> {
        self.table.lock_unpoisoned()
    }
}

impl Ownership {
    /// The connection of a client that does not state its owner.
    pub(super) fn unknown() -> Self {
        Self(None)
    }

    /// Records that this control connection does not respond. If it was the worker's last one, the
    /// worker is lost. A worker that has reconnected is not.
    pub(super) fn fell_silent(&self) {
        let Some(held) = &self.0 else { return };
        let mut table = held.owners.lock();
        if let Some(owner) = table.get_mut(&held.name)
            && owner.controls == 1
        {
            owner.silent.cancel();
            // If the worker reconnects, it counts as alive again.
            owner.silent = CancellationToken::new();
        }
    }

    /// Waits until the worker is found to be lost; waits forever if the owner is unknown.
    pub(super) async fn silent(&self) {
        match &self.0 {
            Some(held) => held.silent.cancelled().await,
            None => std::future::pending().await,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut table = self.owners.lock();
        if let Some(owner) = table.get_mut(&self.name) {
            owner.connections -= 1;
            owner.controls -= usize::from(self.part == Part::Control);
            if owner.connections == 0 {
                table.remove(&self.name);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::FutureExt;

    use super::{Owners, Ownership, Part};

    fn is_silent(ownership: &Ownership) -> bool {
        ownership.silent().now_or_never().is_some()
    }

    #[test]
    fn only_channels_of_the_silent_worker_are_closed() {
        let owners = Arc::new(Owners::default());
        let control = owners.add("a", Part::Control);
        let (own, other) = (
            owners.add("a", Part::Channel),
            owners.add("b", Part::Channel),
        );
        assert!(!is_silent(&own));
        control.fell_silent();
        assert!(is_silent(&own) && !is_silent(&other));
        assert!(!is_silent(&Ownership::unknown()));
        // A worker that reconnects counts as alive.
        assert!(!is_silent(&owners.add("a", Part::Channel)));
    }

    #[test]
    fn reconnected_worker_is_not_silent() {
        let owners = Arc::new(Owners::default());
        let (old, channel) = (
            owners.add("a", Part::Control),
            owners.add("a", Part::Channel),
        );
        let new = owners.add("a", Part::Control);
        old.fell_silent();
        assert!(!is_silent(&channel));
        drop(old);
        new.fell_silent();
        assert!(is_silent(&channel));
    }

    #[test]
    fn nothing_is_kept_of_owners_without_connections() {
        let owners = Arc::new(Owners::default());
        let held = [Part::Control, Part::Channel].map(|part| owners.add("a", part));
        assert_eq!(owners.lock().len(), 1);
        drop(held);
        assert!(owners.lock().is_empty());
    }
}
