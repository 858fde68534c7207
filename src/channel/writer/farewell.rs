use std::future::poll_fn;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Outbox;
use crate::wire::Abort;

/// How long a dropped writer goes on trying to tell its reader. After that the engine tells it,
/// because the connection ends without a close.
const FAREWELL: Duration = Duration::from_secs(5);

/// Aborts the stream of a writer that was dropped.
///
/// Dropping cannot wait, so a task of its own does. Without a runtime the connection is hung up,
/// and the engine reports the loss to the reader (`protocol.md` 4.3).
pub(crate) fn say_farewell(mut outbox: Outbox, abort: Abort) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(timeout(FAREWELL, async move {
            if let Err(error) = poll_fn(|cx| outbox.poll_abort(cx, &abort)).await {
                tracing::debug!(%error, "could not tell the reader that its writer was dropped");
            }
        }));
    }
}
