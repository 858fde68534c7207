use bytes::Bytes;

use super::{Event, StreamVerifier};
use crate::channel::stats::totals::Totals;
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

/// Processes frames and then a clean close, unless there is an earlier verdict.
fn verifier(frames: impl IntoIterator<Item = Frame>) -> Verdict {
    closed_by(frames, &Close::NORMAL)
}

fn closed_by(frames: impl IntoIterator<Item = Frame>, close: &Close) -> Verdict {
    let mut verifier = StreamVerifier::new();
    for frame in frames {
        verifier.frame(frame);
    }
    verifier.closed(close);
    verifier.verdict().cloned().unwrap()
}

fn lost(frames: impl IntoIterator<Item = Frame>) -> Verdict {
    let mut verifier = StreamVerifier::new();
    for frame in frames {
        verifier.frame(frame);
    }
    verifier.lost(&TransportError::eof());
    verifier.verdict().cloned().unwrap()
}

fn failure(verdict: Verdict) -> ReadError {
    match verdict {
        Verdict::Failed(error) => error,
        other => panic!("{other:?} is not a failure"),
    }
}

#[test]
fn header_and_end_that_agree_are_complete() {
    assert!(verifier([header(), data(b"ab"), data(b"c"), end(b"abc")]).is_verified());
    assert!(verifier([header(), end(b"")]).is_verified());
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
    assert_eq!(failure(verifier(frames)).abort(), Some(&abort));
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
    let missing = failure(verifier([header(), data(b"a"), end(b"abc")]));
    assert!(missing.is_truncated(), "{missing}");
    for frames in [
        [header(), data(b"abc"), end(b"ab")],
        [header(), data(b"abc"), end(b"abd")],
    ] {
        let error = failure(verifier(frames));
        assert!(matches!(error, ReadError::Corrupt { .. }), "{error}");
    }
}

#[test]
fn foreign_stream_with_clean_close_is_unverified() {
    for close in [Close::NORMAL, Close::default()] {
        let verdict = closed_by([data(b"a")], &close);
        assert!(verdict.is_complete() && !verdict.is_verified());
    }
    assert!(failure(closed_by([data(b"a")], &Close::WRITER_LOST)).is_truncated());
    assert!(failure(lost([data(b"a")])).is_truncated());
}

#[test]
fn bad_last_item_fails_a_complete_stream() {
    let mut verifier = StreamVerifier::new();
    for frame in [header(), data(b"ab"), end(b"ab")] {
        verifier.frame(frame);
    }
    verifier.closed(&Close::NORMAL);
    assert!(verifier.verdict().unwrap().is_complete());
    verifier.fail(ReadError::NeverWritten);
    let reason = "later".to_owned();
    verifier.fail(ReadError::Corrupt { reason });
    let verdict = verifier.verdict().cloned().unwrap();
    assert!(matches!(failure(verdict), ReadError::NeverWritten));
}

#[test]
fn empty_stream_is_an_error_only_with_a_promised_header() {
    assert!(verifier([]).is_complete());
    let mut verifier = StreamVerifier::new();
    verifier.expect_header();
    verifier.closed(&Close::NORMAL);
    let verdict = verifier.verdict().cloned().unwrap();
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
        let error = failure(verifier(frames));
        assert!(matches!(error, ReadError::Protocol { .. }), "{error}");
    }
}

#[test]
fn messages_of_the_user_pass_untouched_and_in_order() {
    let mut verifier = StreamVerifier::new();
    assert_eq!(
        verifier.frame("hello".into()),
        Some(Event::Message("hello".into()))
    );
    assert_eq!(verifier.frame(header()), None);
    assert!(verifier.header().is_some());
    assert_eq!(
        verifier.frame(data(b"a")),
        Some(Event::Data(Bytes::from_static(b"a")))
    );
    assert_eq!(verifier.frame(data(b"")), None);
    assert_eq!(verifier.messages(), 1);
}
