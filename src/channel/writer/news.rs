use std::task::{Context, Poll, ready};

use crate::channel::WriteError;
use crate::transport::{Received, Transport};

/// Ready when the peer says that there is no use in writing more.
pub(super) fn poll_news(link: &mut dyn Transport, cx: &mut Context<'_>) -> Poll<WriteError> {
    loop {
        return match ready!(link.poll_receive(cx)) {
            Received::Frame(_) | Received::Pong => continue,
            Received::Closed(close) => Poll::Ready(WriteError::from_close(&close)),
            Received::Lost(error) => Poll::Ready(error.into()),
        };
    }
}
