use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use uuid::Uuid;

use crate::channel::MessageQueue;
use crate::stage::items::RunOf;
use crate::stage::{Applied, ItemRun, ItemStage};
use crate::worker::Backoff;

/// How often a failed call is repeated, and after which delays.
#[derive(Clone, Debug)]
pub struct Retry(Vec<Level>);

/// One `retry` of a stage. An outer level repeats everything inside it.
#[derive(Clone, Debug)]
struct Level {
    times: u32,
    backoff: Backoff,
    /// Number of calls that this level has repeated.
    made: u32,
}

impl Retry {
    pub(super) fn new(times: u32, backoff: Backoff) -> Self {
        Self(vec![Level {
            times,
            backoff,
            made: 0,
        }])
    }

    /// Nests this level in another one.
    pub(super) fn within(mut self, outer: Self) -> Self {
        self.0.extend(outer.0);
        self
    }

    /// The delay before the next call; `None` if there is none.
    fn next_wait(&mut self) -> Option<Duration> {
        for at in 0..self.0.len() {
            let level = &mut self.0[at];
            if level.made == level.times {
                continue;
            }
            let random = Uuid::new_v4().as_fields().0;
            let Some(wait) = level.backoff.delay(level.made, random) else {
                continue;
            };
            level.made += 1;
            for inner in &mut self.0[..at] {
                inner.made = 0;
            }
            return Some(wait);
        }
        None
    }
}

/// Applies a stage to an item repeatedly.
///
/// Messages of a call are sent when the call has succeeded or is the last one. Messages of a
/// repeated call are dropped, because the next call sends them again.
pub(crate) fn again<G>(
    stage: G,
    item: G::In,
    run: &mut RunOf<G>,
    mut retry: Retry,
) -> impl Future<Output = Applied<G::Outputs, G::State>> + Send + 'static + use<G>
where
    G: ItemStage<In: Clone + Sync>,
{
    let context = run.context.clone();
    // A call may leave the state in place, so use a state that outlives the individual calls.
    let mut run = ItemRun {
        state: run.state.take(),
        params: Arc::clone(&run.params),
        context: context.clone(),
        number: run.number,
    };
    async move {
        loop {
            let mut said = Held::new(context.message_queue().clone());
            run.context = context.with_aside(said.message_queue.clone());
            let applied = stage.apply(item.clone(), &mut run).await;
            if applied.state.is_some() {
                run.state = applied.state;
            }
            let outputs = applied.outputs;
            let wait = if outputs.is_err() {
                retry.next_wait()
            } else {
                None
            };
            let Some(wait) = wait else {
                return Applied {
                    outputs,
                    state: run.state,
                };
            };
            said.is_dropped = true;
            drop((said, outputs));
            tokio::time::sleep(wait).await;
        }
    }
}

/// The messages of a call, until it is known whether the call is repeated.
struct Held {
    message_queue: MessageQueue,
    to: MessageQueue,
    is_dropped: bool,
}

impl Held {
    fn new(to: MessageQueue) -> Self {
        Self {
            message_queue: MessageQueue::default(),
            to,
            is_dropped: false,
        }
    }
}

/// Also runs if the call panics or is cancelled: its messages are forwarded.
impl Drop for Held {
    fn drop(&mut self) {
        if self.is_dropped {
            self.message_queue.discard();
        } else {
            self.message_queue.forward_to(&self.to);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter::from_fn;
    use std::time::Duration;

    use super::Retry;
    use crate::worker::Backoff;

    fn retry(times: u32) -> Retry {
        let wait = Duration::from_millis(1);
        Retry::new(times, Backoff::new().first(wait).base(wait).cap(wait))
    }

    #[test]
    fn retries_within_retries_multiply_the_calls() {
        let calls = |mut retry: Retry| 1 + from_fn(|| retry.next_wait()).count();
        assert_eq!(calls(retry(0)), 1);
        assert_eq!(calls(retry(3)), 4);
        assert_eq!(calls(retry(1).within(retry(2))), 2 * 3);
        assert_eq!(calls(retry(2).within(retry(0)).within(retry(1))), 3 * 2);
    }
}
