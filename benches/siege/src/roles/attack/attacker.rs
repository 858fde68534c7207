use std::sync::Arc;

use anyhow::Result;
use tokio::sync::Notify;

use super::Tally;
use crate::raw::Host;

/// What all attackers have.
#[derive(Clone)]
pub(super) struct Attacker {
    pub(super) url: String,
    pub(super) host: Host,
    pub(super) tally: Tally,
    begun: Arc<Notify>,
}

impl Attacker {
    pub(super) fn new(url: &str) -> Result<Self> {
        Ok(Self {
            url: url.to_owned(),
            host: Host::of(url)?,
            tally: Tally::default(),
            begun: Arc::default(),
        })
    }

    /// The attack is in full swing.
    pub(super) fn begun(&self) {
        self.begun.notify_one();
    }

    /// Waits until the attack is in full swing.
    pub(super) async fn in_swing(&self) {
        self.begun.notified().await;
    }
}
