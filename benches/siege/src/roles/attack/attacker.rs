use std::sync::Arc;

use anyhow::Result;
use tokio::sync::Notify;

use super::Tally;
use crate::raw::Host;

/// State shared by all attackers.
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

    /// Records that the attack has reached its full strength.
    pub(super) fn begun(&self) {
        self.begun.notify_one();
    }

    /// Waits until the attack has reached its full strength.
    pub(super) async fn in_swing(&self) {
        self.begun.notified().await;
    }
}
