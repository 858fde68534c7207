use std::sync::Arc;

use tokio::runtime::Handle;

use super::encoding::Encoding;

/// Starts the task that sends what is there whenever the sender pauses.
///
/// It ends with the sender. Without a runtime there is none, and items go out when a frame is
/// full, on `flush` and on `close`.
pub(super) fn start<F: Send + 'static>(encoding: &Arc<Encoding<F>>) {
    if let Ok(runtime) = Handle::try_current() {
        let encoding = Arc::clone(encoding);
        runtime.spawn(async move { encoding.flush_when_idle().await });
    }
}
