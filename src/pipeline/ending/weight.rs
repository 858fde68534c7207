use crate::stage::StageError;
use crate::wire::Abort;

/// From this weight on, a failure says nothing about its cause.
pub(super) const WEAK: u8 = 4;

/// The weight of a truncated input.
pub(super) const TRUNCATED: u8 = 2;

/// The lower the weight, the more specific the failure is about its cause.
pub(super) fn weight(failure: &StageError) -> u8 {
    match failure.first_cause().code.as_str() {
        StageError::CANCELLED | Abort::DROPPED => 5,
        StageError::OUTPUT_LOST | StageError::OUTPUT_GONE => 4,
        _ if failure.is_passed_on() => 3,
        StageError::INPUT_TRUNCATED => TRUNCATED,
        StageError::LOST => 1,
        _ => 0,
    }
}
