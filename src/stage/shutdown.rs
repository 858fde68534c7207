use std::time::Duration;

use tokio::time::{Instant, sleep, sleep_until};

use super::{Control, GRACE, StageError};
use crate::transport::later;
use crate::worker::Worker;

/// How long draining stages may continue before they are asked to stop.
const DRAIN: Duration = Duration::from_millis(500);

/// Waits until `worker` shuts down, drains the stages of `control`, and then asks them to stop.
/// `name` is the stage or the run. Returns the reason.
pub(crate) async fn tell_of_shutdown(worker: &Worker, control: &Control, name: &str) -> StageError {
    worker.stops().await;
    let reason = format!("the worker `{}` of the stage shuts down", worker.name());
    let reason = StageError::new(StageError::LOST, name, reason).on_worker(worker.name());
    control.drain_for(reason.clone());
    sleep(DRAIN.min(worker.shutdown_timeout().mul_f32(0.2))).await;
    control.tell(reason.clone());
    reason
}

/// Like [`tell_of_shutdown`], but then also stops the stages once they make no more progress, at
/// the latest shortly before the deadline of the shutdown. This leaves time for an answer.
pub(crate) async fn end_with_worker(worker: &Worker, control: &Control, name: &str) {
    let reason = tell_of_shutdown(worker, control, name).await;
    let last = later(Instant::now(), worker.shutdown_timeout().mul_f32(0.6));
    let mut moved = control.moved();
    loop {
        sleep_until(last.min(later(Instant::now(), GRACE))).await;
        let before = std::mem::replace(&mut moved, control.moved());
        if before == moved || Instant::now() >= last {
            return control.stop(reason);
        }
    }
}
