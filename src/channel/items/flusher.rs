use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;

use super::beat::Beat;
use super::encoding::Encoding;

/// Whether there is a runtime that a flusher can run on.
pub(super) fn can_start() -> bool {
    Handle::try_current().is_ok()
}

/// Starts the task that sends what is there whenever the sender pauses, and gives a sign of life
/// that often.
///
/// It ends with the sender. Without a runtime there is none, and items go out when a frame is
/// full, on `flush` and on `close`.
pub(super) fn start<F: Send + 'static>(encoding: &Arc<Encoding<F>>, beat: Option<Duration>) {
    if let Ok(runtime) = Handle::try_current() {
        let encoding = Arc::clone(encoding);
        runtime.spawn(async move { encoding.flush_when_idle(beat.map(Beat::new)).await });
    }
}
