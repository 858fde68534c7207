use tokio::runtime::Handle;

use super::remote::cancel::{RemoteCancel, free};
use super::{StageError, StageRequest};
use crate::worker::Worker;

/// The channels of a stage that a fused run triggers. **Dropping** it spawns a task that frees the
/// channels that the stage may not have opened, and releases the stage.
pub(super) struct Held {
    /// `None` after the stage was released.
    remote_cancel: Option<RemoteCancel>,
    pub(super) worker: Worker,
    pub(super) request: StageRequest,
    /// How the stage failed, for its neighbours.
    failure: Option<StageError>,
    freed: bool,
}

impl Held {
    pub(super) fn new(
        worker: &Worker,
        request: &StageRequest,
        remote_cancel: Option<RemoteCancel>,
    ) -> Self {
        Self {
            remote_cancel,
            worker: worker.clone(),
            request: request.clone(),
            failure: None,
            freed: false,
        }
    }

    /// Records that the stage has failed.
    pub(super) fn fail(&mut self, failure: StageError) {
        self.failure = Some(failure);
    }

    /// Releases a stage that has succeeded. Its channels are kept, because its output may still be
    /// read.
    pub(super) async fn let_go(mut self) {
        self.freed = true;
        if let Some(remote_cancel) = self.remote_cancel.take() {
            remote_cancel.let_go(&self.worker).await;
        }
    }

    /// Frees the channels after the output of the stage was read.
    pub(super) async fn free(mut self) {
        free(&self.worker, &self.request, None).await;
        self.freed = true;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.freed {
            return;
        }
        // Without a runtime, the engine frees the channels when it notices that the worker has
        // disconnected.
        if let Ok(runtime) = Handle::try_current() {
            let (worker, request) = (self.worker.clone(), self.request.clone());
            let (remote_cancel, failure) = (self.remote_cancel.take(), self.failure.take());
            runtime.spawn(async move {
                if let Some(remote_cancel) = remote_cancel {
                    remote_cancel.let_go(&worker).await;
                }
                free(&worker, &request, failure.as_ref()).await;
            });
        }
    }
}
