use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Sleep, timeout};

use super::writer_monitor::WriterMonitor;
use crate::channel::link::Link;
use crate::channel::{StreamMetadata, WriterWatch};
use crate::transport::{ConnectError, Received, Transport};
use crate::wire::{Close, Header};

/// How long to wait for the close after an end message. The stream is already complete. Without
/// this wait, the writer could see its reader disconnect early.
const CLOSE_AFTER_END: Duration = Duration::from_secs(5);

/// How long a reader that cancels waits for the engine's acknowledgement.
pub(super) const LEAVE: Duration = Duration::from_secs(5);

/// The connection of a reader, with the event that it waits for.
///
/// | state | left by | to |
/// |---|---|---|
/// | `Live`: not connected, connecting, or open | the end message | `Ended` |
/// | `Ended`: the close must follow | the close, a loss, a deadline | `Gone` |
/// | `Live`, `Ended` | the reader cancels | `Leaving` |
/// | `Live` | any other verdict | `Gone` |
/// | `Leaving`: waits for the engine's acknowledgement, and connects for it if necessary | the acknowledgement, a deadline | `Gone` |
///
/// The table in [`StreamVerifier`](crate::channel::verifier::StreamVerifier) decides what received
/// frames mean for the stream. If dropped while connecting or in `Leaving`, it continues in the
/// background in order to notify the writer.
pub(super) enum Connection {
    Live {
        link: Link,
        writer_monitor: WriterMonitor,
        /// Receives the metadata of the header.
        metadata: StreamMetadata,
    },
    Ended {
        link: Box<dyn Transport>,
        deadline: Pin<Box<Sleep>>,
    },
    Leaving {
        link: Link,
        /// The close frame to send, with the reason.
        close: Close,
        said: bool,
    },
    Gone,
}

impl Connection {
    pub(super) fn new(link: Link) -> Self {
        Self::Live {
            link,
            writer_monitor: WriterMonitor::default(),
            metadata: StreamMetadata::default(),
        }
    }

    pub(super) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        match self {
            Self::Live { link, .. } => link.poll_open(cx).map_ok(|_| ()),
            Self::Ended { .. } | Self::Leaving { .. } | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Returns the next frame or close of the peer, or `None` if nothing more is expected.
    pub(super) fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Received>, ConnectError>> {
        let (link, received): (&mut dyn Transport, _) = match self {
            Self::Live {
                link,
                writer_monitor,
                ..
            } => {
                let link = ready!(link.poll_open(cx))?;
                let received = ready!(writer_monitor.hear(link.poll_receive(cx), cx));
                (link, received)
            }
            Self::Ended { link, deadline } => match link.poll_receive(cx) {
                Poll::Ready(received) => (&mut **link, received),
                Poll::Pending => {
                    ready!(deadline.as_mut().poll(cx));
                    *self = Self::Gone;
                    return Poll::Ready(Ok(None));
                }
            },
            Self::Leaving { .. } | Self::Gone => return Poll::Ready(Ok(None)),
        };
        if matches!(received, Received::Closed(_)) {
            // Answers the close if that is possible without waiting; the stream has ended anyway.
            let _ = link.poll_flush(cx);
        }
        Poll::Ready(Ok(Some(received)))
    }

    /// Monitors the heartbeats that `header` promises, and publishes its metadata.
    pub(super) fn watch(&mut self, header: &Header) {
        if let Self::Live {
            writer_monitor,
            metadata,
            ..
        } = self
        {
            writer_monitor.expect(header);
            metadata.set(header.content.clone());
        }
    }

    /// Sets `metadata` once the header arrives.
    pub(super) fn set_metadata(&mut self, to: StreamMetadata) {
        if let Self::Live { metadata, .. } = self {
            *metadata = to;
        }
    }

    /// Monitors the stage that writes the stream.
    pub(super) fn watch_writer(&mut self, writer: WriterWatch) {
        if let Self::Live { writer_monitor, .. } = self {
            writer_monitor.watch(writer);
        }
    }

    /// Records that the end message arrived.
    pub(super) fn end(&mut self) {
        if let Self::Live { link, .. } = self {
            *self = match link.take().into_open() {
                Some(link) => Self::Ended {
                    link,
                    deadline: Box::pin(tokio::time::sleep(CLOSE_AFTER_END)),
                },
                None => Self::Gone,
            };
        }
    }

    /// Closes the connection after a verdict, without notifying the peer.
    pub(super) fn hang_up(&mut self) {
        *self = Self::Gone;
    }

    /// Starts to cancel the stream with `close`.
    pub(super) fn leave(&mut self, close: Close) {
        let (link, close) = match std::mem::replace(self, Self::Gone) {
            Self::Live { link, .. } => (link, close),
            Self::Leaving { link, close, .. } => (link, close),
            Self::Ended { link, .. } => (Link::Open(link), close),
            Self::Gone => return,
        };
        *self = Self::Leaving {
            link,
            close,
            said: false,
        };
    }

    /// Waits for the engine's acknowledgement of the cancellation.
    pub(super) fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self::Leaving { link, close, said } = self else {
            return Poll::Ready(());
        };
        let left = match ready!(link.poll_open(cx)) {
            Ok(link) => {
                if !std::mem::replace(said, true) && link.start_close(close.clone()).is_err() {
                    Poll::Ready(())
                } else {
                    let _ = link.poll_flush(cx);
                    poll_peer_closed(link, cx)
                }
            }
            // An end that cannot be opened is already open, or its channel does not exist.
            Err(_) => Poll::Ready(()),
        };
        ready!(left);
        *self = Self::Gone;
        Poll::Ready(())
    }

    /// Handles a dropped reader. Otherwise, an end that is connecting would keep its role occupied
    /// at the engine, and the writer would not learn that the reader has disconnected.
    pub(super) fn give_up(&mut self) {
        let goes_on = match self {
            Self::Live { link, .. } => link.is_dialing(),
            Self::Leaving { .. } => true,
            Self::Ended { .. } | Self::Gone => false,
        };
        if goes_on && let Ok(runtime) = Handle::try_current() {
            let mut leaving = std::mem::replace(self, Self::Gone);
            leaving.leave(Close::NORMAL);
            runtime.spawn(timeout(LEAVE, async move {
                poll_fn(|cx| leaving.poll_left(cx)).await;
            }));
        }
    }
}

/// Waits for the peer's close, or its loss.
fn poll_peer_closed(link: &mut dyn Transport, cx: &mut Context<'_>) -> Poll<()> {
    while let Received::Frame(_) | Received::Pong = ready!(link.poll_receive(cx)) {}
    Poll::Ready(())
}
