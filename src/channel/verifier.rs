//! Decides how a stream ended: the verdict table (`docs/protocol.md` section 9.6) as a state
//! machine.

use bytes::Bytes;

use super::error_chain::error_chain;
use super::stats::totals::Totals;
use super::{ReadError, Verdict};
use crate::transport::{Received, TransportError};
use crate::wire::{Close, End, Frame, Header, InBand, Progress, Text, Turn};

/// Follows one stream from its first frame to its verdict.
///
/// | state | header | data | end | abort | clean close | other close, loss |
/// |---|---|---|---|---|---|---|
/// | `Start` | `Marked` | `Foreign` | check totals | aborted | unverified, or never written | truncated |
/// | `Foreign` | violation | - | check totals | aborted | unverified | truncated |
/// | `Marked` | violation | - | check totals | aborted | truncated | truncated |
/// | `Ended` | violation | violation | violation | violation | complete | complete |
/// | `Done` | ignored | | | | | |
///
/// "Check totals": if they match, the state becomes `Ended`; otherwise the stream is damaged. An
/// end message takes precedence over a later loss of the connection. Messages, progress, heartbeats
/// and pongs do not change the state.
#[derive(Debug)]
pub(crate) struct StreamVerifier {
    state: State,
    header: Option<Header>,
    /// Whether the stream is known to have no header. Unlike the state, this outlives a failure.
    headless: bool,
    totals: Totals,
    messages: u64,
    /// Whether the writer is known to use the stream protocol.
    expects_header: bool,
    /// The number of items in the end message, to be compared by the decoder.
    end_items: Option<u64>,
}

#[derive(Debug)]
enum State {
    Start,
    Foreign,
    Marked,
    Ended,
    Done(Verdict),
}

/// An event that a reader receives from the stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Data(Bytes),
    /// A user message.
    Message(Text),
    Progress(Progress),
    Turn(Turn),
}

impl StreamVerifier {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Start,
            header: None,
            headless: false,
            totals: Totals::default(),
            messages: 0,
            expects_header: false,
            end_items: None,
        }
    }

    pub(crate) fn expect_header(&mut self) {
        self.expects_header = true;
    }

    /// Processes a received frame. Returns `None` if it is internal.
    pub(crate) fn receive(&mut self, received: Received) -> Option<Event> {
        match received {
            Received::Frame(frame) => self.frame(frame),
            Received::Closed(close) => {
                self.closed(&close);
                None
            }
            Received::Lost(error) => {
                self.lost(&error);
                None
            }
            Received::Pong => None,
        }
    }

    fn frame(&mut self, frame: Frame) -> Option<Event> {
        if matches!(self.state, State::Done(_)) {
            return None;
        }
        match frame {
            Frame::Data(bytes) => self.data(bytes),
            Frame::Message(text) => match InBand::parse(&text) {
                None => {
                    self.messages += 1;
                    Some(Event::Message(text))
                }
                Some(Ok(message)) => self.in_band(message),
                Some(Err(error)) => self.broken_rule(error_chain(&error)),
            },
        }
    }

    fn data(&mut self, bytes: Bytes) -> Option<Event> {
        match self.state {
            State::Ended => return self.broken_rule("data after the end message".to_owned()),
            State::Start => {
                self.state = State::Foreign;
                self.headless = true;
            }
            _ => {}
        }
        self.totals.add(&bytes);
        (!bytes.is_empty()).then_some(Event::Data(bytes))
    }

    fn in_band(&mut self, message: InBand) -> Option<Event> {
        match (message, &self.state) {
            (InBand::Progress(progress), _) => Some(Event::Progress(progress)),
            (InBand::Heartbeat, _) | (InBand::Turn(_), State::Done(_)) => None,
            (InBand::Turn(turn), State::Start | State::Foreign | State::Marked) => {
                Some(Event::Turn(turn))
            }
            (_, State::Ended) => self.broken_rule("a message after the end message".to_owned()),
            (InBand::Header(header), State::Start) => {
                self.header = Some(header);
                self.state = State::Marked;
                None
            }
            (InBand::Header(_), _) => {
                self.broken_rule("a header that is not the first frame".to_owned())
            }
            (InBand::End(end), _) => {
                self.end(&end);
                None
            }
            (InBand::Abort(abort), _) => self.fail(ReadError::Aborted(abort)),
        }
    }

    fn end(&mut self, end: &End) {
        let Totals { bytes, crc32c, .. } = self.totals;
        if end.bytes > bytes {
            let reason = format!("the writer sent {} bytes", end.bytes);
            self.fail(ReadError::Truncated { bytes, reason });
        } else if end.bytes < bytes {
            let reason = format!("{bytes} bytes arrived, but the writer sent {}", end.bytes);
            self.fail(ReadError::Corrupt { reason });
        } else if end.crc32c.is_some_and(|expected| expected != crc32c) {
            let reason = "the checksum is not that of the bytes that were written".to_owned();
            self.fail(ReadError::Corrupt { reason });
        } else {
            self.end_items = end.items;
            self.state = State::Ended;
        }
    }

    /// Records that the peer closed the connection.
    fn closed(&mut self, close: &Close) {
        match self.state {
            State::Done(_) => {}
            State::Ended => self.state = State::Done(Verdict::Complete),
            State::Marked => self.truncated(format!("{close}, without an end message")),
            State::Start | State::Foreign if !close.is_clean() => {
                self.truncated(close.to_string());
            }
            State::Start if self.expects_header => {
                self.fail(ReadError::NeverWritten);
            }
            State::Start | State::Foreign => self.state = State::Done(Verdict::CompleteUnverified),
        }
    }

    /// Records that the connection was lost without a close.
    fn lost(&mut self, error: &TransportError) {
        match self.state {
            State::Done(_) => {}
            State::Ended => self.state = State::Done(Verdict::Complete),
            _ => match error {
                TransportError::Lost(_) | TransportError::Closed(_) => {
                    self.truncated(error_chain(error));
                }
                TransportError::TooLarge { .. } | TransportError::Protocol(_) => {
                    self.fail(ReadError::Protocol {
                        reason: error_chain(error),
                    });
                }
            },
        }
    }

    /// The stream has ended, but the peer takes too long to close the connection.
    pub(crate) fn hang_up(&mut self) {
        if matches!(self.state, State::Ended) {
            self.state = State::Done(Verdict::Complete);
        }
    }

    /// Ends the stream with an external error: no connection, or an unreadable item.
    ///
    /// The last item may turn out to be invalid although all frames were valid, so a complete
    /// stream can still fail. A failed stream keeps its first reason.
    pub(crate) fn fail(&mut self, error: ReadError) -> Option<Event> {
        if !matches!(self.state, State::Done(Verdict::Failed(_))) {
            self.state = State::Done(Verdict::Failed(error));
        }
        None
    }

    fn truncated(&mut self, reason: String) {
        self.fail(ReadError::Truncated {
            bytes: self.totals.bytes,
            reason,
        });
    }

    fn broken_rule(&mut self, reason: String) -> Option<Event> {
        self.fail(ReadError::Protocol { reason })
    }

    /// The verdict, once there is one.
    pub(crate) fn verdict(&self) -> Option<&Verdict> {
        match &self.state {
            State::Done(verdict) => Some(verdict),
            _ => None,
        }
    }

    /// Whether the end message arrived and matched the data.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Whether the stream has a header. `None` until a frame has decided it, and for a stream that
    /// failed before that. The answer never changes.
    pub(crate) fn has_header(&self) -> Option<bool> {
        match &self.state {
            _ if self.header.is_some() => Some(true),
            _ if self.headless => Some(false),
            State::Ended | State::Done(Verdict::Complete | Verdict::CompleteUnverified) => {
                Some(false)
            }
            _ => None,
        }
    }

    pub(crate) fn header(&self) -> Option<&Header> {
        self.header.as_ref()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.totals.bytes
    }

    pub(crate) fn messages(&self) -> u64 {
        self.messages
    }

    pub(crate) fn end_items(&self) -> Option<u64> {
        self.end_items
    }
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
