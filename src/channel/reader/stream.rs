use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use futures::stream::FusedStream;

use super::ChannelReader;
use crate::channel::coop::poll_coop;
use crate::channel::{ReadError, Verdict};
use crate::wire::Frame;

/// Data and messages in order. A failure is returned once, and then the stream ends.
impl Stream for ChannelReader {
    type Item = Result<Frame, ReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.inbox.keep_messages();
        Poll::Ready(
            match ready!(poll_coop(cx, |cx| this.inbox.poll_frame(cx))) {
                Ok(frame) => frame.map(Ok),
                Err(error) => this.tell_once(error).map(Err),
            },
        )
    }
}

impl FusedStream for ChannelReader {
    fn is_terminated(&self) -> bool {
        match self.inbox.report().verdict {
            Some(Verdict::Failed(_)) => self.told,
            Some(_) => true,
            None => false,
        }
    }
}
