use std::sync::Arc;

use tokio::time::sleep_until;

use crate::engine::core::Core;
use crate::transport::{CENTURY, later};

/// Ends the calls of workers that do not reattach in time, until the engine stops.
pub(in crate::engine) async fn sweep(core: Arc<Core>) {
    loop {
        let next = core.control.expire();
        let next = next.map_or_else(|| later(tokio::time::Instant::now(), CENTURY), Into::into);
        tokio::select! {
            () = sleep_until(next) => {}
            () = core.control.absences.notified() => {}
            () = core.stopping.cancelled() => return,
        }
    }
}
