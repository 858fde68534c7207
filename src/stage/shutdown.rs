use tokio::time::{Instant, sleep_until};

use super::{Control, GRACE, StageError};
use crate::transport::later;
use crate::worker::Worker;

/// Waits until `worker` shuts down and then notifies the stages of `control`. `name` is the stage
/// or the run. Returns the reason.
pub(crate) async fn tell_of_shutdown(worker: &Worker, control: &Control, name: &str) -> StageError {
    worker.stops().await;
    let reason = StageError::new(StageError::LOST, name, "the worker of the stage shuts down");
    control.tell(reason.clone());
    reason
}

/// Like [`tell_of_shutdown`], then stops the stages when nothing moves in them any more, at the
/// latest shortly before the deadline of the shutdown. The remaining time is for the answer.
pub(crate) async fn end_with_worker(worker: &Worker, control: &Control, name: &str) {
    let reason = tell_of_shutdown(worker, control, name).await;
    let last = later(Instant::now(), worker.shutdown_timeout().mul_f32(0.8));
    let mut moved = control.moved();
    loop {
        sleep_until(last.min(later(Instant::now(), GRACE))).await;
        let before = std::mem::replace(&mut moved, control.moved());
        if before == moved || Instant::now() >= last {
            return control.stop(reason);
        }
    }
}
