use serde::{Deserialize, Serialize};

use super::{CallError, Worker};
use crate::wire::{StreamChannelRef, builtin};

impl Worker {
    /// Makes a channel (`protocol.md` section 3) and gives the refs of its writer and its reader.
    ///
    /// `buffer_size` is the number of frames that the engine keeps for a slow reader; the engine
    /// chooses unless told, and clamps what it is told.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped the channel was made or not; the engine removes one that nobody
    /// opens.
    pub(crate) async fn create_channel_refs(
        &self,
        buffer_size: Option<usize>,
    ) -> Result<(StreamChannelRef, StreamChannelRef), CallError> {
        let Created { writer, reader } = self
            .call(builtin::CHANNELS_CREATE, &Create { buffer_size })
            .await?;
        Ok((writer, reader))
    }
}

#[derive(Serialize)]
struct Create {
    buffer_size: Option<usize>,
}

#[derive(Deserialize)]
struct Created {
    writer: StreamChannelRef,
    reader: StreamChannelRef,
}
