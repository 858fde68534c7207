use async_trait::async_trait;

use super::{ConnectError, Transport};
use crate::wire::StreamChannelRef;

/// Opens connections to one engine.
///
/// Cancel safe: dropping a future gives the connection up before anything was sent on it. An end
/// of a channel may count as opened once the engine has seen the request.
#[async_trait]
pub(crate) trait Dial: Send + Sync {
    /// Opens a control connection.
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError>;

    /// Opens the end of a channel that `channel_ref` is for.
    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError>;

    /// The engine's address as people may see it, without secrets.
    fn name(&self) -> String;
}
