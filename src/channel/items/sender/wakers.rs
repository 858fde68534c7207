use std::sync::Arc;
use std::task::Wake;

use futures::task::AtomicWaker;

/// The two tasks that wait for the connection.
#[derive(Default)]
pub(super) struct Wakers {
    pub(super) sender: AtomicWaker,
    pub(super) flusher: AtomicWaker,
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.sender.wake();
        self.flusher.wake();
    }
}

/// Wakes only the flusher.
pub(super) struct FlusherWaker(pub(super) Arc<Wakers>);

impl Wake for FlusherWaker {
    fn wake(self: Arc<Self>) {
        self.0.flusher.wake();
    }
}
