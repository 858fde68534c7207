use std::future::poll_fn;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;

use super::Outbox;
use crate::wire::Abort;

/// How long a dropped writer tries to notify its reader. After that the connection ends without a
/// close, and the engine notifies the reader.
const FAREWELL: Duration = Duration::from_secs(5);

/// Ends the stream of a dropped writer.
///
/// `drop` cannot wait, so this spawns a task. A stream whose end message is queued is ended
/// normally, as long as the engine sends frames; any other stream is aborted. Without a runtime,
/// the connection is closed, and the engine reports the loss to the reader (`docs/protocol.md`
/// section 4.3).
pub(crate) fn close_dropped(mut outbox: Outbox, abort: Abort) {
    let Ok(runtime) = Handle::try_current() else {
        return;
    };
    if outbox.is_ending_whole() {
        runtime.spawn(async move {
            outbox.bound_the_end();
            if let Err(error) = poll_fn(|cx| outbox.poll_close(cx)).await {
                tracing::debug!(%error, "could not end the stream of a writer that was dropped");
            }
        });
    } else {
        runtime.spawn(timeout(FAREWELL, async move {
            if let Err(error) = poll_fn(|cx| outbox.poll_abort(cx, &abort)).await {
                tracing::debug!(%error, "could not tell the reader that its writer was dropped");
            }
        }));
    }
}
