use std::error::Error;
use std::fmt;

use crate::channel::WriteError;
use crate::codec::FormatError;

/// The error for an item that could not be sent. It contains the item; see
/// [`into_item`](Self::into_item).
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
/// let channel: Channel<u32> = worker.channel(None).await?;
/// let (mut sender, mut receiver) = (channel.sender, channel.receiver);
/// sender.send(1).await?;
/// receiver.recv().await?;
/// drop(receiver);
///
/// let error = loop {
///     match sender.send(2).await {
///         Ok(()) => tokio::task::yield_now().await, // not noticed yet
///         Err(error) => break error,
///     }
/// };
/// assert!(error.is_receiver_gone());
/// assert_eq!(error.into_item(), Some(2));
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "engine"))]
/// # fn main() {}
/// ```
pub struct SendError<T> {
    item: Option<T>,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Channel(WriteError),
    Format { number: u64, error: FormatError },
}

impl<T> SendError<T> {
    pub(in crate::channel::items) fn channel(error: WriteError, item: Option<T>) -> Self {
        Self {
            item,
            cause: Cause::Channel(error),
        }
    }

    /// The format cannot represent the item with this number, counted from 0.
    pub(crate) fn format(number: u64, error: FormatError, item: Option<T>) -> Self {
        Self {
            item,
            cause: Cause::Format { number, error },
        }
    }

    /// The number of the item that the format cannot represent, from 0. `None` if the channel
    /// failed.
    pub fn item_number(&self) -> Option<u64> {
        match &self.cause {
            Cause::Channel(_) => None,
            Cause::Format { number, .. } => Some(*number),
        }
    }

    /// Returns the item that was not sent.
    ///
    /// `None` if there is no item: flushing and closing fail without one, and a tokio-util codec
    /// does not return its item.
    pub fn into_item(self) -> Option<T> {
        self.item
    }

    /// The channel's error. `None` if only the item was rejected and the channel is still usable.
    pub fn channel_error(&self) -> Option<&WriteError> {
        match &self.cause {
            Cause::Channel(error) => Some(error),
            Cause::Format { .. } => None,
        }
    }

    /// Whether the receiver ended the stream.
    pub fn is_receiver_gone(&self) -> bool {
        self.channel_error().is_some_and(WriteError::is_reader_gone)
    }

    /// Returns the same error without the item.
    pub fn without_item<U>(self) -> SendError<U> {
        SendError {
            item: None,
            cause: self.cause,
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError")
            .field("cause", &self.cause)
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Channel(error) => fmt::Display::fmt(error, f),
            Cause::Format { error, .. } => write!(f, "the item cannot be written: {error}"),
        }
    }
}

impl<T> Error for SendError<T> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.cause {
            Cause::Channel(error) => error.source(),
            Cause::Format { error, .. } => error.source(),
        }
    }
}
