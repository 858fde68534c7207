use std::task::{Context, Poll, ready};

use super::{PipeReader, PipeWriter, Popped};
use crate::transport::{Received, Traffic, Transport, TransportError};
use crate::wire::{Close, Frame};

/// A connection made of pipe ends: one for an end of a channel, two for a control connection.
pub(crate) struct Memory {
    incoming: Option<PipeReader>,
    outgoing: Option<PipeWriter>,
    /// Set by `start_close`: the close that is returned immediately, as if the peer had answered.
    answer: Option<Close>,
    pongs: usize,
    /// Bytes pushed into the outgoing pipe.
    sent: u64,
}

impl Memory {
    /// The reader end of a channel.
    pub(crate) fn reader(incoming: PipeReader) -> Self {
        Self {
            incoming: Some(incoming),
            outgoing: None,
            answer: None,
            pongs: 0,
            sent: 0,
        }
    }

    /// The writer end of a channel.
    pub(crate) fn writer(outgoing: PipeWriter) -> Self {
        Self {
            incoming: None,
            outgoing: Some(outgoing),
            answer: None,
            pongs: 0,
            sent: 0,
        }
    }

    /// One side of a bidirectional connection.
    pub(crate) fn duplex(incoming: PipeReader, outgoing: PipeWriter) -> Self {
        Self {
            incoming: Some(incoming),
            outgoing: Some(outgoing),
            answer: None,
            pongs: 0,
            sent: 0,
        }
    }
}

impl Transport for Memory {
    fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Received> {
        if let Some(answer) = &self.answer {
            return Poll::Ready(Received::Closed(answer.clone()));
        }
        if self.pongs > 0 {
            self.pongs -= 1;
            return Poll::Ready(Received::Pong);
        }
        match (&mut self.incoming, &mut self.outgoing) {
            (Some(incoming), _) => match ready!(incoming.poll_pop(cx)) {
                Popped::Frame(frame) => Poll::Ready(Received::Frame(frame)),
                Popped::End(close) => Poll::Ready(Received::Closed(close)),
            },
            (None, Some(outgoing)) => Poll::Ready(Received::Closed(ready!(outgoing.poll_gone(cx)))),
            (None, None) => Poll::Ready(Received::Lost(TransportError::eof())),
        }
    }

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        match &mut self.outgoing {
            Some(outgoing) => outgoing.poll_ready(cx).map_err(TransportError::Closed),
            None => Poll::Ready(Err(one_way())),
        }
    }

    fn start_send(&mut self, frame: Frame) -> Result<(), TransportError> {
        let outgoing = self.outgoing.as_mut().ok_or_else(one_way)?;
        self.sent += frame.len() as u64;
        outgoing.push(frame);
        Ok(())
    }

    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<Result<(), TransportError>> {
        Poll::Ready(Ok(()))
    }

    fn start_close(&mut self, close: Close) -> Result<(), TransportError> {
        let mut answer = Close {
            code: close.code,
            ..Close::default()
        };
        if let Some(incoming) = &mut self.incoming {
            incoming.cancel(close.for_writer());
        }
        // A reader that has disconnected does not take what is queued; its close is the answer.
        if let Some(outgoing) = &mut self.outgoing
            && let Some(gone) = outgoing.end(close)
        {
            answer = gone;
        }
        self.answer = Some(answer);
        Ok(())
    }

    fn start_ping(&mut self) -> Result<(), TransportError> {
        self.pongs += 1;
        Ok(())
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            // The other side runs in this process and answers each ping.
            signs: 0,
            sent: self.sent,
        }
    }
}

fn one_way() -> TransportError {
    TransportError::Protocol("the reader end of a channel cannot send".to_owned())
}
