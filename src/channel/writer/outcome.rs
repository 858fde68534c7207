//! Interprets what the peer of a writer sends.

use crate::channel::WriteError;
use crate::transport::Received;
use crate::wire::{Abort, Close, code};

/// The progress of a writer in its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It accepts data.
    Open,
    /// Its last message is queued and may not have been sent.
    Ending,
    /// Its close frame is queued after everything else.
    Closing,
}

/// How a writer ends its stream.
#[derive(Clone, Debug)]
pub(super) enum EndKind {
    /// With an end message.
    Whole,
    /// With an abort message requested by the user.
    Aborted(Abort),
    /// With an abort message, because the writer failed. Every operation returns the error.
    Refused(WriteError),
}

impl EndKind {
    /// The close frame for this kind of end.
    pub(super) fn close(&self) -> Close {
        match self {
            Self::Whole => Close::NORMAL,
            Self::Aborted(_) | Self::Refused(_) => {
                Close::new(code::ABORTED, "channel writer aborted")
            }
        }
    }
}

/// Maps what a writer received to the end of its stream, or `None` if the writer continues.
///
/// | received | `Open` | `Ending` | `Closing`, whole | `Closing`, not whole |
/// |---|---|---|---|---|
/// | frame, pong | continues | continues | continues | continues |
/// | close without a code, or 1000 | `Ended` | `Ended` | confirmed | confirmed |
/// | close by a reader that disconnected early | `ReaderGone` | `ReaderGone` | `ReaderGone` | `ReaderGone` |
/// | the same, with a reason | `ReaderCancelled` | `ReaderCancelled` | `ReaderCancelled` | `ReaderCancelled` |
/// | close with the writer's own code | `Ended` | `Ended` | `Ended` | confirmed |
/// | close with any other code | `Ended` | `Ended` | `Ended` | `Ended` |
/// | loss, or a violation | its error | its error | its error | its error |
///
/// A peer that closes before the writer's close frame is queued cannot have received everything.
pub(super) fn outcome(
    phase: Phase,
    how: &EndKind,
    received: Received,
) -> Option<Result<(), WriteError>> {
    match (received, phase) {
        (Received::Frame(_) | Received::Pong, _) => None,
        (Received::Closed(close), Phase::Closing) if confirms(how, &close) => Some(Ok(())),
        (Received::Closed(close), _) => Some(Err(WriteError::from_close(&close))),
        (Received::Lost(error), _) => Some(Err(error.into())),
    }
}

fn confirms(how: &EndKind, close: &Close) -> bool {
    if close.is_reader_gone() {
        return false;
    }
    match how {
        EndKind::Whole => close.is_clean(),
        EndKind::Aborted(_) | EndKind::Refused(_) => {
            close.is_clean() || close.code == how.close().code
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{EndKind, Phase, outcome};
    use crate::channel::WriteError;
    use crate::transport::{Received, TransportError};
    use crate::wire::{Abort, Close, Frame, code};

    /// One column of the table above, in words.
    fn expected(phase: Phase, whole: bool, row: &str) -> &'static str {
        match (row, phase, whole) {
            ("frame" | "pong", _, _) => "goes on",
            ("left", _, _) => "reader gone",
            ("cancelled", _, _) => "reader cancelled",
            ("lost", _, _) => "lost",
            ("rule" | "large", _, _) => "protocol",
            ("none" | "1000", Phase::Closing, _) | ("own", Phase::Closing, false) => "confirmed",
            _ => "ended",
        }
    }

    fn received(row: &str) -> Received {
        let close = |code: Option<u16>| Close {
            code,
            reason: "a reason".into(),
        };
        match row {
            "frame" => Received::Frame(Frame::from("x")),
            "pong" => Received::Pong,
            "none" => Received::Closed(close(None)),
            "1000" => Received::Closed(close(Some(code::NORMAL))),
            "left" => Received::Closed(Close::READER_GONE),
            "cancelled" => Received::Closed(Close::cancel("enough").for_writer()),
            "own" => Received::Closed(close(Some(code::ABORTED))),
            "lost" => Received::Lost(TransportError::eof()),
            "rule" => Received::Lost(TransportError::Protocol("a rule".to_owned())),
            "large" => Received::Lost(TransportError::TooLarge { size: 2, limit: 1 }),
            other => Received::Closed(close(other.parse().ok())),
        }
    }

    fn told(outcome: Option<&Result<(), WriteError>>) -> &'static str {
        match outcome {
            None => "goes on",
            Some(Ok(())) => "confirmed",
            Some(Err(WriteError::ReaderGone)) => "reader gone",
            Some(Err(WriteError::ReaderCancelled { .. })) => "reader cancelled",
            Some(Err(WriteError::Ended { .. })) => "ended",
            Some(Err(WriteError::Lost(_))) => "lost",
            Some(Err(WriteError::Protocol { .. })) => "protocol",
            Some(Err(_)) => "something else",
        }
    }

    #[test]
    fn every_state_and_reception_matches_the_table() {
        let ways = [
            EndKind::Whole,
            EndKind::Aborted(Abort::new("c", "m")),
            EndKind::Refused(WriteError::Closed),
        ];
        let rows = [
            "frame",
            "pong",
            "none",
            "1000",
            "left",
            "cancelled",
            "own",
            "1001",
            "1002",
            "1008",
            "1009",
            "1012",
            "1013",
            "4000",
            "lost",
            "rule",
            "large",
        ];
        for phase in [Phase::Open, Phase::Ending, Phase::Closing] {
            for how in &ways {
                for row in rows {
                    let whole = matches!(how, EndKind::Whole);
                    assert_eq!(
                        told(outcome(phase, how, received(row)).as_ref()),
                        expected(phase, whole, row),
                        "{row} in {phase:?}, {how:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_reason_of_a_close_is_that_of_the_engine() {
        let ended = outcome(Phase::Closing, &EndKind::Whole, received("1012"));
        let Some(Err(error)) = ended else {
            panic!("{ended:?}");
        };
        assert!(error.to_string().contains("1012: a reason"), "{error}");
    }
}
