//! Decides how a stream ended. The verdict table of the design, as a plain state machine.

use bytes::Bytes;

use super::error_chain::error_chain;
use super::totals::Totals;
use super::{ReadError, Verdict};
use crate::transport::TransportError;
use crate::wire::{Close, End, Frame, Header, InBand, Progress, Text};

/// Watches one stream from its first frame to its verdict.
///
/// | state | header | data | end | abort | clean close | other close, loss |
/// |---|---|---|---|---|---|---|
/// | `Start` | `Marked` | `Foreign` | totals decide | aborted | unverified, or never written | truncated |
/// | `Foreign` | broken rule | - | totals decide | aborted | unverified | truncated |
/// | `Marked` | broken rule | - | totals decide | aborted | truncated | truncated |
/// | `Ended` | broken rule | broken rule | broken rule | broken rule | complete | complete |
/// | `Done` | nothing more is looked at | | | | | |
///
/// "Totals decide": they agree and the state is `Ended`, or the stream is damaged. The end wins
/// over a connection that is lost after it.
#[derive(Debug)]
pub(crate) struct Judge {
    state: State,
    header: Option<Header>,
    totals: Totals,
    messages: u64,
    /// A writer that speaks the stream protocol was promised.
    expects_header: bool,
    /// Items that the end message counts, for whoever decodes them to compare.
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

/// What a reader gets out of the stream.
#[derive(Debug, PartialEq)]
pub(crate) enum Event {
    Data(Bytes),
    /// A message of the user.
    Message(Text),
    Progress(Progress),
}

impl Judge {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Start,
            header: None,
            totals: Totals::default(),
            messages: 0,
            expects_header: false,
            end_items: None,
        }
    }

    pub(crate) fn expect_header(&mut self) {
        self.expects_header = true;
    }

    /// Looks at a frame; `None` if it was for the judge alone.
    pub(crate) fn frame(&mut self, frame: Frame) -> Option<Event> {
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
            State::Start => self.state = State::Foreign,
            _ => {}
        }
        self.totals.add(&bytes);
        (!bytes.is_empty()).then_some(Event::Data(bytes))
    }

    fn in_band(&mut self, message: InBand) -> Option<Event> {
        match (message, &self.state) {
            (InBand::Progress(progress), _) => Some(Event::Progress(progress)),
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

    /// The peer closed the connection.
    pub(crate) fn closed(&mut self, close: &Close) {
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

    /// The connection is gone without a close.
    pub(crate) fn lost(&mut self, error: &TransportError) {
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

    /// The end was seen, and the peer takes too long to close.
    pub(crate) fn hang_up(&mut self) {
        if matches!(self.state, State::Ended) {
            self.state = State::Done(Verdict::Complete);
        }
    }

    /// Ends the stream with an error from outside: no connection, or an item that cannot be read.
    ///
    /// The last item may be found to be bad after all frames were good, so a stream that was
    /// complete can still fail; one that has failed keeps its first reason.
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

    /// Whether the end message was seen and agreed with what arrived.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Whether no frame was seen yet that tells a header from none.
    pub(crate) fn is_at_start(&self) -> bool {
        matches!(self.state, State::Start)
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
mod tests {
    use bytes::Bytes;

    use super::{Event, Judge};
    use crate::channel::totals::Totals;
    use crate::channel::{ReadError, Verdict};
    use crate::transport::TransportError;
    use crate::wire::{Abort, Close, Frame, Header, InBand};

    fn header() -> Frame {
        InBand::Header(Header::new("bytes")).encode().into()
    }

    fn end(payload: &[u8]) -> Frame {
        let mut totals = Totals::default();
        totals.add(payload);
        InBand::End(totals.end()).encode().into()
    }

    fn data(payload: &'static [u8]) -> Frame {
        Bytes::from_static(payload).into()
    }

    /// Runs frames and then a clean close, unless there is a verdict before.
    fn judge(frames: impl IntoIterator<Item = Frame>) -> Verdict {
        closed_by(frames, &Close::NORMAL)
    }

    fn closed_by(frames: impl IntoIterator<Item = Frame>, close: &Close) -> Verdict {
        let mut judge = Judge::new();
        for frame in frames {
            judge.frame(frame);
        }
        judge.closed(close);
        judge.verdict().cloned().unwrap()
    }

    fn lost(frames: impl IntoIterator<Item = Frame>) -> Verdict {
        let mut judge = Judge::new();
        for frame in frames {
            judge.frame(frame);
        }
        judge.lost(&TransportError::eof());
        judge.verdict().cloned().unwrap()
    }

    fn failure(verdict: Verdict) -> ReadError {
        match verdict {
            Verdict::Failed(error) => error,
            other => panic!("{other:?} is not a failure"),
        }
    }

    #[test]
    fn header_and_end_that_agree_are_complete() {
        assert!(judge([header(), data(b"ab"), data(b"c"), end(b"abc")]).is_verified());
        assert!(judge([header(), end(b"")]).is_verified());
    }

    #[test]
    fn the_end_wins_over_a_connection_lost_after_it() {
        assert!(lost([header(), data(b"a"), end(b"a")]).is_verified());
        let aborted = closed_by([header(), end(b"")], &Close::WRITER_LOST);
        assert!(aborted.is_verified());
    }

    #[test]
    fn an_abort_is_the_error_of_the_writer() {
        let abort = Abort::new("c", "m").at_stage("s").at_item(3);
        let frames = [
            header(),
            data(b"a"),
            InBand::Abort(abort.clone()).encode().into(),
        ];
        assert_eq!(failure(judge(frames)).abort(), Some(&abort));
    }

    #[test]
    fn a_header_without_an_end_is_truncated_however_it_closes() {
        for close in [Close::NORMAL, Close::default(), Close::WRITER_LOST] {
            let error = failure(closed_by([header(), data(b"a")], &close));
            assert!(
                matches!(error, ReadError::Truncated { bytes: 1, .. }),
                "{error}"
            );
        }
        assert!(failure(lost([header()])).is_truncated());
    }

    #[test]
    fn totals_that_differ_are_never_complete() {
        let missing = failure(judge([header(), data(b"a"), end(b"abc")]));
        assert!(missing.is_truncated(), "{missing}");
        for frames in [
            [header(), data(b"abc"), end(b"ab")],
            [header(), data(b"abc"), end(b"abd")],
        ] {
            let error = failure(judge(frames));
            assert!(matches!(error, ReadError::Corrupt { .. }), "{error}");
        }
    }

    #[test]
    fn a_foreign_stream_is_complete_but_unverified_if_it_closes_cleanly() {
        for close in [Close::NORMAL, Close::default()] {
            let verdict = closed_by([data(b"a")], &close);
            assert!(verdict.is_complete() && !verdict.is_verified());
        }
        assert!(failure(closed_by([data(b"a")], &Close::WRITER_LOST)).is_truncated());
        assert!(failure(lost([data(b"a")])).is_truncated());
    }

    #[test]
    fn a_bad_item_at_the_end_fails_a_stream_that_was_complete_and_the_first_reason_stays() {
        let mut judge = Judge::new();
        for frame in [header(), data(b"ab"), end(b"ab")] {
            judge.frame(frame);
        }
        judge.closed(&Close::NORMAL);
        assert!(judge.verdict().unwrap().is_complete());
        judge.fail(ReadError::NeverWritten);
        let reason = "later".to_owned();
        judge.fail(ReadError::Corrupt { reason });
        let verdict = judge.verdict().cloned().unwrap();
        assert!(matches!(failure(verdict), ReadError::NeverWritten));
    }

    #[test]
    fn nothing_at_all_is_an_error_only_where_a_header_was_promised() {
        assert!(judge([]).is_complete());
        let mut judge = Judge::new();
        judge.expect_header();
        judge.closed(&Close::NORMAL);
        let verdict = judge.verdict().cloned().unwrap();
        assert!(matches!(failure(verdict), ReadError::NeverWritten));
    }

    #[test]
    fn rules_of_the_stream_protocol_are_kept() {
        for frames in [
            vec![data(b"a"), header()],
            vec![header(), header()],
            vec![header(), end(b""), data(b"a")],
            vec![header(), end(b""), end(b"")],
            vec![r#"{"type":"end","pipewright":2,"bytes":0}"#.into()],
        ] {
            let error = failure(judge(frames));
            assert!(matches!(error, ReadError::Protocol { .. }), "{error}");
        }
    }

    #[test]
    fn messages_of_the_user_pass_untouched_and_in_order() {
        let mut judge = Judge::new();
        assert_eq!(
            judge.frame("hello".into()),
            Some(Event::Message("hello".into()))
        );
        assert_eq!(judge.frame(header()), None);
        assert!(judge.header().is_some());
        assert_eq!(
            judge.frame(data(b"a")),
            Some(Event::Data(Bytes::from_static(b"a")))
        );
        assert_eq!(judge.frame(data(b"")), None);
        assert_eq!(judge.messages(), 1);
    }
}
