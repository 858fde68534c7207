use async_trait::async_trait;

use super::{ConnectError, Transport};
use crate::wire::StreamChannelRef;

/// Opens connections to one engine.
///
/// Cancel safe: dropping a future abandons the connection. If the engine has already seen the
/// request, it may count the end of the channel as opened.
#[async_trait]
pub(crate) trait Dial: Send + Sync {
    /// Opens a control connection.
    async fn control(&self) -> Result<Box<dyn Transport>, ConnectError>;

    /// Opens the end of a channel that `channel_ref` refers to.
    async fn channel(
        &self,
        channel_ref: &StreamChannelRef,
    ) -> Result<Box<dyn Transport>, ConnectError>;

    /// The engine's address for display, without secrets.
    fn name(&self) -> String;
}
