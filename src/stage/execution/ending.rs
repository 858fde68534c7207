//! How one stage ended: the rules that both executors share.

use super::super::StageError;
use crate::channel::{ReadError, ReaderGone, ReceiveError};

/// The events recorded at the ends of a stage while its code ran.
///
/// The events recorded at the ends of a stage while its code ran, independently of the code's
/// result. A user's error type may hide its sources, and a channel error may come from another
/// channel.
///
/// | the code returns | input | output | result of the stage |
/// |---|---|---|---|
/// | anything | any | its reader left | stopped early: its reader needs no more items |
/// | an error | any | lost | lost its output: stopped early if its reader ended successfully |
/// | anything | failed | open | failed because its input did; the cause is passed on |
/// | an error | whole, or left | open | failed |
/// | `Ok` | whole, or left | open | succeeded |
///
/// A failed input counts only if the code has seen the failure. A failure detected by the
/// framework, such as that of one item, keeps its own cause.
///
/// A stage that was asked to stop before the end of its input fails with the reason for stopping,
/// because its outputs are incomplete. A fused stage knows only how its input failed; a reader that
/// leaves drops it.
#[derive(Clone, Debug, Default)]
pub(in crate::stage) struct StageEnding<'a> {
    /// How the input failed, if the code has seen it.
    pub(in crate::stage) input: Option<InputFailure<'a>>,
    /// Set when the output no longer has a reader.
    pub(in crate::stage) output: Option<ReaderGone>,
    /// Why the stage was asked to stop, if its input has not ended.
    pub(in crate::stage) stop: Option<&'a StageError>,
}

/// How the input of a stage failed.
#[derive(Clone, Copy, Debug)]
pub(in crate::stage) enum InputFailure<'a> {
    /// In its channel.
    Channel(&'a ReadError),
    /// In the fused stage before it.
    Fused(&'a StageError),
}

impl InputFailure<'_> {
    /// The resulting failure of the stage `stage`.
    fn of(self, stage: &str) -> StageError {
        match self {
            Self::Channel(error) => StageError::input(stage, ReceiveError::Stream(error.clone())),
            Self::Fused(failure) => failure.clone(),
        }
    }
}

impl StageEnding<'_> {
    /// Decides the result of a stage whose code returned `code`.
    pub(in crate::stage) fn decide<R>(
        self,
        stage: &str,
        code: Result<R, StageError>,
    ) -> Result<R, StageError> {
        let ended = match (code, self.output, self.input) {
            (_, Some(ReaderGone::ReaderGone), _) => Err(StageError::output_gone(stage)),
            (Err(failure), Some(ReaderGone::Lost), _) => Err(failure.lost_output(stage)),
            (Ok(_), _, Some(input)) | (Err(_), None, Some(input @ InputFailure::Fused(_))) => {
                Err(input.of(stage))
            }
            // This end refused its input; the error of the code may explain it better.
            (Err(failure), None, Some(InputFailure::Channel(ReadError::Refused { .. }))) => {
                Err(failure)
            }
            (Err(failure), None, Some(input)) if failure.is_of_code() => {
                Err(input.of(stage).instead_of(failure))
            }
            (code, ..) => code,
        };
        match self.stop {
            Some(reason) => Err(reason.clone()),
            None => ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InputFailure, StageEnding};
    use crate::channel::{ReadError, ReaderGone};
    use crate::error::Error;
    use crate::stage::StageError;
    use crate::wire::Abort;

    /// Every combination of the code's result, the events recorded at its ends, and a reason to
    /// stop.
    #[test]
    fn ends_outrank_what_the_code_returns() {
        let aborted = ReadError::Aborted(Abort::new("c", "m").at_stage("before"));
        let cut = ReadError::NeverWritten;
        let refused = ReadError::Refused {
            reason: "bad".to_owned(),
        };
        let before = StageError::new("c", "before", "m");
        let inputs = [
            None,
            Some(InputFailure::Channel(&aborted)),
            Some(InputFailure::Channel(&cut)),
            Some(InputFailure::Channel(&refused)),
            Some(InputFailure::Fused(&before)),
        ];
        let outputs = [None, Some(ReaderGone::ReaderGone), Some(ReaderGone::Lost)];
        let reason = StageError::new(StageError::CANCELLED, "s", "stopped");
        let own = StageError::new(StageError::FAILED, "s", "own");
        let at_item = StageError::returned("s", Some(3), Error::msg("own"));
        let results = [Ok(()), Err(own), Err(at_item)];
        for input in inputs {
            for output in outputs {
                for code in &results {
                    for stop in [None, Some(&reason)] {
                        let ending = StageEnding {
                            input,
                            output,
                            stop,
                        };
                        let ended = ending.decide("s", code.clone());
                        let found = ended.as_ref().err().map(|error| &*error.abort().code);
                        let own = code.as_ref().is_err_and(StageError::is_of_code);
                        let expected = match (input, output, code) {
                            _ if stop.is_some() => Some(StageError::CANCELLED),
                            (_, Some(ReaderGone::ReaderGone), _) => Some(StageError::OUTPUT_GONE),
                            (_, Some(ReaderGone::Lost), Err(_)) => Some(StageError::OUTPUT_LOST),
                            (Some(InputFailure::Fused(_)), ..) => Some("c"),
                            (Some(InputFailure::Channel(error)), _, result)
                                if own || result.is_ok() =>
                            {
                                match error {
                                    ReadError::Aborted(_) => Some(Abort::INPUT_FAILED),
                                    ReadError::NeverWritten => Some(StageError::INPUT_TRUNCATED),
                                    _ if result.is_ok() => Some(StageError::BAD_INPUT),
                                    _ => Some(StageError::FAILED),
                                }
                            }
                            (_, _, Err(_)) => Some(StageError::FAILED),
                            (None | Some(InputFailure::Channel(_)), _, Ok(())) => None,
                        };
                        assert_eq!(found, expected, "{input:?} {output:?} {code:?} {stop:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_failure_that_was_passed_on_keeps_its_cause() {
        let aborted = ReadError::Aborted(Abort::new("c", "m").at_stage("before").at_item(3));
        let ending = StageEnding {
            input: Some(InputFailure::Channel(&aborted)),
            ..StageEnding::default()
        };
        let own = StageError::new(StageError::PANICKED, "s", "panicked: unwrap on an error");
        let ended = ending.decide("s", Err::<(), _>(own)).unwrap_err();
        assert_eq!(ended.to_string(), "stage before at item 3: m");
    }

    #[test]
    fn a_failure_at_an_item_is_its_own_cause() {
        let aborted = ReadError::Aborted(Abort::new("c", "m").at_stage("before"));
        let ending = StageEnding {
            input: Some(InputFailure::Channel(&aborted)),
            ..StageEnding::default()
        };
        let own = StageError::returned("s", Some(3), Error::msg("own"));
        let ended = ending.decide("s", Err::<(), _>(own)).unwrap_err();
        assert_eq!(ended.to_string(), "stage s at item 3: own");
    }

    #[test]
    fn a_fused_stage_passes_on_the_failure_of_its_input() {
        let before = StageError::new(StageError::FAILED, "before", "m");
        for code in [Ok(()), Err(StageError::new(StageError::FAILED, "s", "own"))] {
            let ending = StageEnding {
                input: Some(InputFailure::Fused(&before)),
                ..StageEnding::default()
            };
            let ended = ending.decide("s", code).unwrap_err();
            assert_eq!(ended.to_string(), "stage before: m");
        }
    }

    #[test]
    fn reason_to_stop_outranks_the_end_of_the_code() {
        let reason = StageError::new(StageError::CANCELLED, "s", "stopped");
        let ending = StageEnding {
            stop: Some(&reason),
            ..StageEnding::default()
        };
        assert_eq!(
            ending.decide("s", Ok(())).unwrap_err().abort(),
            reason.abort()
        );
    }
}
