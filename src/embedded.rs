//! An engine and a worker in one process, so that one command runs everything.

use std::sync::Arc;

use async_trait::async_trait;

use crate::engine::Engine;
use crate::error::Result;
use crate::transport::{Address, ConnectError, Dial, Transport};
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

impl Worker {
    /// Starts a worker with an engine of its own in this process.
    ///
    /// No socket is used: frames are passed in memory. The engine runs as long as the worker. Other
    /// workers of this process connect to it through [`address`](Self::address). For workers of
    /// other processes, start an [`Engine`] that listens, and connect to it.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot start.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops worker and engine.
    pub async fn embedded() -> Result<Self> {
        let engine = Engine::builder().in_process().start().await?;
        let address = Address::in_process(Arc::new(Embedded(engine)));
        Ok(Self::builder(address).connect().await?)
    }
}

/// Connects to an engine and keeps it running.
struct Embedded(Engine);

#[async_trait]
impl Dial for Embedded {
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError> {
        self.0.address().dial_control().await
    }

    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError> {
        self.0.address().dial_channel(channel_ref).await
    }

    fn name(&self) -> String {
        self.0.address().to_string()
    }
}
