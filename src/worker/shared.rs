use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::connection::announcement::Announcement;
use super::connection::command::Command;
use super::connection::state::Status;
use super::counters::Counters;
use super::functions::handler::Function;
use super::functions::registry::Registry;
use super::{Closed, MAX_MESSAGE, RegisterError, Resources};
use crate::codec::ItemLimits;
use crate::sync::MutexExt;
use crate::transport::Address;
use crate::wire::Text;

/// State shared by the handles of a worker and its driver.
pub(super) struct Shared {
    pub(super) address: Address,
    pub(super) announcement: Announcement,
    pub(super) call_timeout: Duration,
    pub(super) shutdown_timeout: Duration,
    /// Maximum number of concurrent calls of the worker's functions.
    pub(super) max_running_calls: usize,
    pub(super) item_limits: ItemLimits,
    /// Cancelled when the worker starts to shut down.
    pub(super) stopping: CancellationToken,
    /// Commands to the driver. Unbounded, because registering does not wait. It holds at most two
    /// entries for each waiting caller (its call and its cancellation), and one for each
    /// registration.
    pub(super) commands: mpsc::UnboundedSender<Command>,
    pub(super) status: watch::Receiver<Status>,
    pub(super) counters: Counters,
    /// The engine's message limit in bytes.
    message_limit: AtomicUsize,
    /// Held while a function is added, removed or looked up, and while its frame is queued, so that
    /// frames and table agree. Never held across an await or user code.
    registry: Mutex<Registry>,
    /// The values provided to stages. Never held across an await or user code.
    resources: Mutex<Resources>,
}

impl Shared {
    pub(super) fn new(
        settings: Settings,
        commands: mpsc::UnboundedSender<Command>,
        status: watch::Receiver<Status>,
    ) -> Self {
        let counters = Counters::default();
        Self {
            address: settings.address.counted_in(Arc::clone(&counters.streams)),
            announcement: settings.announcement,
            call_timeout: settings.call_timeout,
            shutdown_timeout: settings.shutdown_timeout,
            max_running_calls: settings.max_running_calls,
            item_limits: settings.item_limits,
            stopping: CancellationToken::new(),
            commands,
            status,
            counters,
            message_limit: AtomicUsize::new(MAX_MESSAGE),
            registry: Mutex::default(),
            resources: Mutex::default(),
        }
    }

    /// Locks the table of functions.
    pub(super) fn registry(&self) -> MutexGuard<'_, Registry> {
        // The table's methods leave it consistent wherever they could panic.
        self.registry.lock_unpoisoned()
    }

    /// Locks the provided values.
    pub(super) fn resources(&self) -> MutexGuard<'_, Resources> {
        self.resources.lock_unpoisoned()
    }

    /// The engine's message limit in bytes, as far as it is known.
    pub(super) fn message_limit(&self) -> usize {
        self.message_limit.load(Ordering::Relaxed)
    }

    /// Sets the engine's message limit in bytes.
    pub(super) fn limit_messages(&self, bytes: usize) {
        self.message_limit.store(bytes, Ordering::Relaxed);
    }

    /// `function` is borrowed, so that a rejected one is not dropped under the lock.
    pub(super) fn register(
        &self,
        function_id: String,
        frame: Text,
        function: &Arc<dyn Function>,
    ) -> Result<(), RegisterError> {
        let (size, limit) = (frame.len(), self.message_limit());
        if size > limit {
            return Err(RegisterError::TooLarge {
                function_id,
                size,
                limit,
            });
        }
        let mut registry = self.registry();
        registry.insert(function_id.clone(), frame, Arc::clone(function))?;
        self.command(Command::Offer(function_id));
        Ok(())
    }

    /// Registers a function again with another description, unless it was unregistered.
    pub(super) fn register_again(&self, function_id: String, frame: Text) {
        if self.registry().replace_frame(&function_id, frame) {
            self.command(Command::Offer(function_id));
        }
    }

    pub(super) fn unregister(&self, function_id: &str) -> bool {
        let mut registry = self.registry();
        // The function may own a handle, which must not be dropped under the lock.
        let function = registry.get(function_id);
        let removed = registry.remove(function_id);
        if removed {
            self.command(Command::Unregister(function_id.to_owned()));
        }
        drop(registry);
        drop(function);
        removed
    }

    /// Sends a command to the driver. Returns whether it is still running.
    pub(super) fn command(&self, command: Command) -> bool {
        self.commands.send(command).is_ok()
    }

    /// Why the driver is no longer available: it has closed or is about to, or its runtime has
    /// ended.
    pub(super) fn closed(&self) -> Closed {
        if let Some(closed) = self.status.borrow().closed() {
            return closed.clone();
        }
        if self.stopping.is_cancelled() {
            Closed::ShutDown { unfinished: 0 }
        } else {
            Closed::Aborted
        }
    }
}

/// The values that [`Shared`] receives from the builder.
pub(super) struct Settings {
    pub(super) address: Address,
    pub(super) announcement: Announcement,
    pub(super) call_timeout: Duration,
    pub(super) shutdown_timeout: Duration,
    pub(super) max_running_calls: usize,
    pub(super) item_limits: ItemLimits,
}

/// Held by the handles but not by the driver, so it is dropped with the last handle.
pub(super) struct HandleGuard(pub(super) mpsc::UnboundedSender<Command>);

impl Drop for HandleGuard {
    fn drop(&mut self) {
        // Without a driver there is nothing to notify.
        let _ = self.0.send(Command::HandleGone);
    }
}

/// The origin of a handle that was created for a running function.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) traceparent: Option<String>,
    pub(super) baggage: Option<String>,
}
