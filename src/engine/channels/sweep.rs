use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::Channels;

/// Frees channels when they expire, and all of them when the engine stops.
pub(in crate::engine) async fn sweep(channels: Arc<Channels>, stopping: CancellationToken) {
    loop {
        let next = channels.expire();
        tokio::select! {
            () = tokio::time::sleep_until(next.into()) => {}
            () = stopping.cancelled() => return channels.stop(),
        }
    }
}
