use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::task::{Context, Poll, ready};

use futures::future::{BoxFuture, FutureExt};
use futures::task::AtomicWaker;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tracing::Instrument;

use crate::sync::MutexExt;

/// A call that makes progress even if its caller does not poll it. A pause in reading the outputs
/// therefore does not affect the call's timeouts and connections.
///
/// It runs in a task of its own; without a runtime it runs where it is polled. **Dropping** it
/// drops the call before the drop returns.
pub(in crate::stage) struct BackgroundCall<T> {
    shared: Arc<Shared<T>>,
    task: Option<AbortHandle>,
}

struct Shared<T> {
    /// Locked while the call is polled.
    call: Mutex<Call<T>>,
    caller: AtomicWaker,
}

enum Call<T> {
    Running(BoxFuture<'static, T>),
    Done(T),
    /// The result was taken, or the call was dropped.
    Over,
}

impl<T: Send + 'static> BackgroundCall<T> {
    pub(in crate::stage) fn new(call: impl Future<Output = T> + Send + 'static) -> Self {
        let shared = Arc::new(Shared {
            call: Mutex::new(Call::Running(call.in_current_span().boxed())),
            caller: AtomicWaker::new(),
        });
        let task = Handle::try_current().ok().map(|runtime| {
            let shared = Arc::clone(&shared);
            let driven = std::future::poll_fn(move |cx| shared.poll(cx));
            runtime.spawn(driven).abort_handle()
        });
        Self { shared, task }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Call<T>> {
        self.call.lock_unpoisoned()
    }

    /// Polls the call. Ready when there is nothing left to poll.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut call = self.lock();
        if let Call::Running(running) = &mut *call {
            *call = Call::Done(ready!(running.as_mut().poll(cx)));
            drop(call);
            self.caller.wake();
        }
        Poll::Ready(())
    }
}

impl<T: Send + 'static> Future for BackgroundCall<T> {
    type Output = T;

    /// Must not be polled after it was ready.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        if self.task.is_none() {
            ready!(self.shared.poll(cx));
        }
        self.shared.caller.register(cx.waker());
        let mut call = match self.shared.call.try_lock() {
            Ok(call) => call,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // It is being polled; its task wakes the caller if that ends it.
            Err(TryLockError::WouldBlock) => return Poll::Pending,
        };
        match std::mem::replace(&mut *call, Call::Over) {
            Call::Done(result) => Poll::Ready(result),
            other => {
                *call = other;
                Poll::Pending
            }
        }
    }
}

impl<T> Drop for BackgroundCall<T> {
    fn drop(&mut self) {
        let left = std::mem::replace(&mut *self.shared.lock(), Call::Over);
        drop(left);
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}
