//! Checks the verdicts against a second implementation of the table, which examines a complete
//! history instead of single steps.

use bytes::Bytes;
use proptest::prelude::*;

use super::{Event, StreamVerifier};
use crate::channel::stats::totals::Totals;
use crate::channel::{ReadError, Verdict};
use crate::transport::TransportError;
use crate::wire::{Abort, Close, End, Frame, Header, InBand, Progress, code};

/// The events of a stream.
#[derive(Clone, Debug)]
enum Happens {
    Header,
    Data(Vec<u8>),
    /// An end message that counts `more` bytes than arrived, with a correct, wrong or absent
    /// checksum.
    End {
        more: i8,
        sum: Option<bool>,
    },
    Abort,
    Message,
    Progress,
    Heartbeat,
    Close(Option<u16>),
    Lost,
    /// The connection broke because its peer violated the transport protocol.
    Broke,
    /// The peer takes too long to close.
    HangUp,
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Undecided,
    Complete,
    Unverified,
    Aborted,
    Truncated,
    Corrupt,
    Protocol,
    NeverWritten,
}

/// The expected verdict and payload for a history.
fn expected(history: &[Happens], promised: bool) -> (Kind, Vec<u8>) {
    use Happens::{Abort, Broke, Close, Data, End, HangUp, Header, Lost};
    // Only events of the stream protocol decide how the stream ends. `HangUp` matters only after a
    // good end, but an event that ends the stream may precede it.
    let counts = |happens: &&Happens| {
        matches!(
            happens,
            Header | Data(_) | End { .. } | Abort | Close(_) | Lost | Broke | HangUp
        )
    };
    let history: Vec<&Happens> = history.iter().filter(counts).collect();
    let payload = |until: usize| -> Vec<u8> {
        let data = history[..until].iter().filter_map(|happens| match happens {
            Data(bytes) => Some(bytes.clone()),
            _ => None,
        });
        data.flatten().collect()
    };
    let is_frame = |happens: &&&Happens| matches!(happens, Header | Data(_) | End { .. } | Abort);
    for (at, happens) in history.iter().enumerate() {
        let frames: Vec<_> = history[..at].iter().filter(is_frame).collect();
        let ended = frames.iter().any(|frame| matches!(frame, End { .. }));
        let headed = frames.iter().any(|frame| matches!(frame, Header));
        let kind = match happens {
            HangUp if !ended => continue,
            Close(_) | Lost | Broke | HangUp if ended => Kind::Complete,
            _ if ended => Kind::Protocol,
            Header if frames.is_empty() => continue,
            Header | Broke => Kind::Protocol,
            End { more, .. } if *more > 0 => Kind::Truncated,
            End { more, sum } if *more < 0 || *sum == Some(false) => Kind::Corrupt,
            Data(_) | End { .. } => continue,
            Abort => Kind::Aborted,
            Close(None | Some(code::NORMAL)) if !headed => {
                if frames.is_empty() && promised {
                    Kind::NeverWritten
                } else {
                    Kind::Unverified
                }
            }
            Close(_) | Lost => Kind::Truncated,
            _ => unreachable!("filtered out"),
        };
        return (kind, payload(at));
    }
    (Kind::Undecided, payload(history.len()))
}

/// The verdict of the implementation for the same history.
fn judged(history: &[Happens], promised: bool) -> (Kind, Vec<u8>) {
    let mut verifier = StreamVerifier::new();
    if promised {
        verifier.expect_header();
    }
    let (mut sent, mut got) = (Totals::default(), Vec::new());
    for happens in history {
        let frame: Frame = match happens {
            Happens::Header => InBand::Header(Header::new("bytes")).encode().into(),
            Happens::Data(bytes) => {
                sent.add(bytes);
                Bytes::from(bytes.clone()).into()
            }
            Happens::End { more, sum } => InBand::End(end(&sent, *more, *sum)).encode().into(),
            Happens::Abort => InBand::Abort(Abort::new("c", "m")).encode().into(),
            Happens::Message => "a message".into(),
            Happens::Progress => InBand::Progress(Progress::default()).encode().into(),
            Happens::Heartbeat => InBand::Heartbeat.encode().into(),
            Happens::Close(code) => {
                let reason = "".into();
                verifier.closed(&Close {
                    code: *code,
                    reason,
                });
                continue;
            }
            Happens::Lost => {
                verifier.lost(&TransportError::eof());
                continue;
            }
            Happens::Broke => {
                verifier.lost(&TransportError::Protocol("a rule".to_owned()));
                continue;
            }
            Happens::HangUp => {
                verifier.hang_up();
                continue;
            }
        };
        if let Some(Event::Data(bytes)) = verifier.frame(frame) {
            got.extend_from_slice(&bytes);
        }
    }
    (kind(verifier.verdict()), got)
}

fn end(sent: &Totals, more: i8, sum: Option<bool>) -> End {
    let mut end = sent.end();
    end.bytes = end.bytes.saturating_add_signed(more.into());
    end.crc32c = sum.map(|right| if right { sent.crc32c } else { !sent.crc32c });
    end
}

fn kind(verdict: Option<&Verdict>) -> Kind {
    match verdict {
        None => Kind::Undecided,
        Some(Verdict::Complete) => Kind::Complete,
        Some(Verdict::CompleteUnverified) => Kind::Unverified,
        Some(Verdict::Failed(error)) => match error {
            ReadError::Aborted(_) => Kind::Aborted,
            ReadError::Truncated { .. } => Kind::Truncated,
            ReadError::Corrupt { .. } => Kind::Corrupt,
            ReadError::Protocol { .. } => Kind::Protocol,
            ReadError::NeverWritten => Kind::NeverWritten,
            other => panic!("the verifier does not say {other}"),
        },
    }
}

fn happens() -> impl Strategy<Value = Happens> {
    let close = prop_oneof![
        Just(None),
        Just(Some(code::NORMAL)),
        Just(Some(code::ABORTED)),
        (1001_u16..4999).prop_map(Some),
    ];
    prop_oneof![
        6 => Just(Happens::Header),
        6 => prop::collection::vec(any::<u8>(), 0..4).prop_map(Happens::Data),
        6 => Just(Happens::End { more: 0, sum: Some(true) }),
        1 => Just(Happens::End { more: 0, sum: None }),
        1 => Just(Happens::End { more: 0, sum: Some(false) }),
        1 => (1_i8..).prop_map(|more| Happens::End { more, sum: Some(true) }),
        1 => Just(Happens::End { more: -1, sum: Some(true) }),
        1 => Just(Happens::Abort),
        1 => Just(Happens::Message),
        1 => Just(Happens::Progress),
        1 => Just(Happens::Heartbeat),
        3 => close.prop_map(Happens::Close),
        1 => Just(Happens::Lost),
        1 => Just(Happens::Broke),
        1 => Just(Happens::HangUp),
    ]
}

/// An end message cannot count less than zero. This makes sure that data precedes an end message
/// with a count that is too small.
fn sensible(history: &mut [Happens]) {
    let mut sent = 0;
    for happens in history {
        match happens {
            Happens::Data(bytes) => sent += bytes.len(),
            Happens::End { more, .. } if *more < 0 && sent == 0 => *more = 0,
            _ => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn the_judge_says_what_the_table_says(
        mut history in prop::collection::vec(happens(), 0..10),
        promised in any::<bool>(),
    ) {
        sensible(&mut history);
        prop_assert_eq!(judged(&history, promised), expected(&history, promised));
    }
}
