#[cfg(feature = "engine")]
use std::sync::Arc;

#[cfg(feature = "engine")]
use tokio::time::Instant;

#[cfg(feature = "engine")]
use crate::wire::Histogram;

/// Measures how long a writer waits for room, if the engine collects these times.
///
/// It reads the clock when a wait begins and ends, never for a frame that finds room.
#[derive(Default)]
pub(super) struct BackpressureTimer {
    #[cfg(feature = "engine")]
    since: Option<Instant>,
    #[cfg(feature = "engine")]
    waits: Option<Arc<Histogram>>,
}

#[cfg(feature = "engine")]
impl BackpressureTimer {
    pub(super) fn count_in(&mut self, waits: Arc<Histogram>) {
        self.waits = Some(waits);
    }

    pub(super) fn begin(&mut self) {
        if self.since.is_none() && self.waits.is_some() {
            self.since = Some(Instant::now());
        }
    }

    pub(super) fn over(&mut self) {
        if let Some(since) = self.since.take()
            && let Some(waits) = &self.waits
        {
            waits.observe(since.elapsed());
        }
    }
}

#[cfg(feature = "engine")]
impl Drop for BackpressureTimer {
    fn drop(&mut self) {
        self.over();
    }
}

/// Without an engine, nothing collects the times.
#[cfg(not(feature = "engine"))]
#[expect(clippy::unused_self, reason = "as with an engine")]
impl BackpressureTimer {
    pub(super) fn begin(&mut self) {}

    pub(super) fn over(&mut self) {}
}
