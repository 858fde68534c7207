use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Sink;

use super::ChannelWriter;
use crate::channel::WriteError;
use crate::channel::coop::poll_coop;
use crate::wire::Frame;

/// `poll_close` is [`ChannelWriter::close`]. `feed` and `send_all` fill frames; `send` flushes
/// after each.
impl Sink<Frame> for ChannelWriter {
    type Error = WriteError;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let outbox = &mut self.get_mut().outbox;
        poll_coop(cx, |cx| outbox.poll_ready(cx))
    }

    fn start_send(self: Pin<&mut Self>, frame: Frame) -> Result<(), WriteError> {
        let outbox = &mut self.get_mut().outbox;
        match frame {
            Frame::Data(bytes) => {
                outbox.push_data(bytes);
                Ok(())
            }
            Frame::Message(text) => outbox.push_message(text),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let outbox = &mut self.get_mut().outbox;
        poll_coop(cx, |cx| outbox.poll_flush(cx))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        let outbox = &mut self.get_mut().outbox;
        poll_coop(cx, |cx| outbox.poll_close(cx))
    }
}
