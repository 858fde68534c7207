use std::fmt;
use std::sync::Arc;

use tokio_util::sync::DropGuard;

use super::EngineStats;
use super::core::Core;
use super::net::in_process::InProcess;
use crate::transport::Address;
use crate::wire::EngineUrl;

/// A running engine: the broker that workers connect to, for one machine.
///
/// It is a handle and cheap to clone. [`shutdown`](Self::shutdown) stops the engine and waits.
/// Dropping the last handle also stops it, without waiting. An [`Address`] does not keep an engine
/// running.
///
/// # Example
///
/// ```
/// # #[tokio::main] async fn main() -> Result<(), pipewright::EngineError> {
/// use pipewright::Engine;
///
/// let engine = Engine::builder().listen("127.0.0.1:0").start().await?;
/// println!("workers connect to {}", engine.url().expect("it listens"));
/// engine.shutdown().await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Engine {
    core: Arc<Core>,
    url: Option<EngineUrl>,
    _stop_on_last_drop: Arc<DropGuard>,
}

impl Engine {
    pub(super) fn running(core: Arc<Core>, url: Option<EngineUrl>) -> Self {
        let guard = core.stopping.clone().drop_guard();
        Self {
            core,
            url,
            _stop_on_last_drop: Arc::new(guard),
        }
    }

    /// The URL for workers of other processes, with the actual port. `None` if the engine serves
    /// only this process.
    pub fn url(&self) -> Option<&EngineUrl> {
        self.url.as_ref()
    }

    /// The address for workers of this process, without a socket or copies.
    pub fn address(&self) -> Address {
        Address::in_process(Arc::new(InProcess::new(Arc::clone(&self.core))))
    }

    /// The current contents of the engine.
    pub fn stats(&self) -> EngineStats {
        self.core.stats()
    }

    /// Stops the engine and waits until its sockets are closed, at most a second.
    ///
    /// Workers are asked to reconnect later (close code 1012). Unfinished streams fail at both
    /// ends. Stopping a stopped engine does nothing.
    ///
    /// # Cancel safety
    ///
    /// The engine stops even if the future is dropped.
    pub async fn shutdown(&self) {
        self.core.stopping.cancel();
        self.core.tasks.close();
        self.core.tasks.wait().await;
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("url", &self.url)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
