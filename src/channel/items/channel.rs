use std::fmt;

use super::{ReaderRef, Receiver, Sender, WriterRef};
use crate::codec::{Format, Json};
use crate::transport::Address;
use crate::wire::StreamChannelRef;

/// A new channel of items of type `T` in format `F`: both ends and both refs.
///
/// Use an end here, or send its ref to another worker and use it there, but not both: an end can be
/// opened only once. An unused end never connects and can be dropped.
///
/// # Example
///
/// ```
/// # #[cfg(feature = "engine")]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::Channel;
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel: Channel<(u32, String)> = worker.channel(None).await?;
/// let (mut sender, mut receiver) = (channel.sender, channel.receiver);
///
/// sender.send((1, "one".to_owned())).await?;
/// sender.close().await?;
/// assert_eq!(receiver.recv().await?, Some((1, "one".to_owned())));
/// assert_eq!(receiver.recv().await?, None);
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
#[non_exhaustive]
pub struct Channel<T, F: Format = Json> {
    /// The end to send items with.
    pub sender: Sender<T, F>,
    /// The end to receive items from.
    pub receiver: Receiver<T, F>,
    /// The ref of the sender's end, for use elsewhere.
    pub writer_ref: WriterRef<T, F>,
    /// The ref of the receiver's end, for use elsewhere.
    pub reader_ref: ReaderRef<T, F>,
}

impl<T, F: Format> Channel<T, F> {
    /// The ends of a channel created by the engine at `address`.
    pub(crate) fn new(
        address: &Address,
        writer_ref: StreamChannelRef,
        reader_ref: StreamChannelRef,
    ) -> Self {
        let (writer_ref, reader_ref) = (WriterRef::from(writer_ref), ReaderRef::from(reader_ref));
        Self {
            sender: writer_ref.open(address),
            receiver: reader_ref.open(address),
            writer_ref,
            reader_ref,
        }
    }
}

impl<T, F: Format> fmt::Debug for Channel<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Channel")
            .field("writer_ref", &self.writer_ref)
            .field("reader_ref", &self.reader_ref)
            .finish_non_exhaustive()
    }
}
