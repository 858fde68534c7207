use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::task::{Context, Poll, ready};

use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::execute::Finished;

/// The running calls of a worker's functions: their tasks and cancellation tokens.
#[derive(Default)]
pub(in crate::worker) struct Running {
    /// Bounded by the worker's limit.
    tasks: JoinSet<Finished>,
    /// By invocation id, for calls on the current connection.
    cancels: HashMap<String, CancellationToken>,
}

impl Running {
    /// The cancellation token of a call that is about to run.
    pub(in crate::worker) fn token(&mut self, invocation_id: Option<&str>) -> CancellationToken {
        let token = CancellationToken::new();
        if let Some(invocation_id) = invocation_id {
            self.cancels.insert(invocation_id.to_owned(), token.clone());
        }
        token
    }

    pub(in crate::worker) fn spawn(
        &mut self,
        task: impl Future<Output = Finished> + Send + 'static,
    ) {
        self.tasks.spawn(task);
    }

    /// Records that the caller of a call no longer waits.
    pub(in crate::worker) fn cancel(&mut self, invocation_id: &str) {
        if let Some(token) = self.cancels.remove(invocation_id) {
            token.cancel();
        }
    }

    /// Records that the connection has ended: its invocation ids are not used on another one.
    pub(in crate::worker) fn forget_ids(&mut self) {
        self.cancels.clear();
    }

    /// Returns the next function that has ended, or `None` if none runs.
    pub(in crate::worker) fn poll_finished(
        &mut self,
        cx: &mut Context<'_>,
        session: u64,
    ) -> Poll<Option<Finished>> {
        loop {
            let joined = ready!(self.tasks.poll_join_next(cx));
            let Some(joined) = joined else {
                return Poll::Ready(None);
            };
            if let Some(finished) = self.ended(joined, session) {
                return Poll::Ready(Some(finished));
            }
        }
    }

    /// Waits until a function has ended; `None` if none runs.
    pub(in crate::worker) async fn finished(&mut self, session: u64) -> Option<Finished> {
        poll_fn(|cx| self.poll_finished(cx, session)).await
    }

    fn ended(&mut self, joined: Result<Finished, JoinError>, session: u64) -> Option<Finished> {
        // Panics were caught, and functions are not aborted before the end.
        let finished = joined.ok()?;
        if finished.session == session
            && let Some(invocation_id) = &finished.invocation_id
        {
            self.cancels.remove(invocation_id);
        }
        Some(finished)
    }

    pub(in crate::worker) fn len(&self) -> usize {
        self.tasks.len()
    }

    pub(in crate::worker) fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    pub(in crate::worker) fn abort_all(&mut self) {
        self.tasks.abort_all();
    }
}
