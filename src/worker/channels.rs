use serde::{Deserialize, Serialize};

use super::{CallError, Worker};
use crate::channel::{ByteChannel, Channel, ChannelReader, ChannelWriter};
use crate::codec::Format;
use crate::wire::{EdgeLabel, StreamChannelRef, builtin};

impl Worker {
    /// Creates a channel of bytes.
    ///
    /// `buffer_size` is the number of frames that the engine buffers for a slow reader; default:
    /// 64, limited to 1 to 1,024 (`docs/protocol.md` section 3).
    ///
    /// # Errors
    ///
    /// A [`CallError`] of the call to the engine.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the channel may have been created. The engine removes a channel
    /// that is never opened.
    pub async fn create_channel(
        &self,
        buffer_size: impl Into<Option<usize>>,
    ) -> Result<ByteChannel, CallError> {
        let (writer_ref, reader_ref) = self.create_channel_refs(buffer_size.into()).await?;
        Ok(ByteChannel::new(self.address(), writer_ref, reader_ref))
    }

    /// Creates a channel of items of type `T` in format `F`; see
    /// [`create_channel`](Self::create_channel).
    ///
    /// # Errors and cancel safety
    ///
    /// Same as [`create_channel`](Self::create_channel).
    pub async fn channel<T, F: Format>(
        &self,
        buffer_size: impl Into<Option<usize>>,
    ) -> Result<Channel<T, F>, CallError> {
        let (writer_ref, reader_ref) = self.create_channel_refs(buffer_size.into()).await?;
        Ok(Channel::new(self.address(), writer_ref, reader_ref))
    }

    /// Opens the reading end of `channel_ref` at this worker's engine.
    pub fn reader(&self, channel_ref: &StreamChannelRef) -> ChannelReader {
        ChannelReader::new(self.address(), channel_ref)
    }

    /// Opens the writing end of `channel_ref` at this worker's engine.
    pub fn writer(&self, channel_ref: &StreamChannelRef) -> ChannelWriter {
        ChannelWriter::new(self.address(), channel_ref)
    }

    /// Creates a channel (`docs/protocol.md` section 3) and returns the refs of its writer and its
    /// reader.
    ///
    /// `buffer_size` is the number of frames that the engine buffers for a slow reader. The engine
    /// has a default and limits the value.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the channel may have been created. The engine removes a channel
    /// that is never opened.
    pub(crate) async fn create_channel_refs(
        &self,
        buffer_size: Option<usize>,
    ) -> Result<(StreamChannelRef, StreamChannelRef), CallError> {
        let create = self.trigger(builtin::CHANNELS_CREATE, &Create { buffer_size });
        let Created { writer, reader } = create.call().await?;
        Ok((writer, reader))
    }

    /// Creates the channel of an edge of a run, with its label for the engine; see
    /// [`create_channel_refs`](Self::create_channel_refs).
    pub(crate) async fn create_edge(
        &self,
        label: &EdgeLabel,
    ) -> Result<(StreamChannelRef, StreamChannelRef), CallError> {
        let buffer_size = None;
        let create = self.trigger(builtin::CHANNELS_CREATE, &Create { buffer_size });
        let Created { writer, reader } = create.metadata(label).call().await?;
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
