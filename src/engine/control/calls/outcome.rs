use crate::wire::{Histogram, Kind, Tallies};

/// The outcome of a forwarded call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Outcome {
    /// The worker answered with a result.
    Result,
    /// The worker answered with an error.
    Error,
    /// The caller or the worker disconnected before there was an answer.
    Stopped,
    /// No answer was expected.
    Void,
}

impl Kind for Outcome {
    const ALL: &'static [Self] = &[Self::Result, Self::Error, Self::Stopped, Self::Void];

    fn word(self) -> &'static str {
        match self {
            Self::Result => "result",
            Self::Error => "error",
            Self::Stopped => "stopped",
            Self::Void => "void",
        }
    }
}

/// The outcomes of all calls since the engine started.
#[derive(Debug, Default)]
pub(in crate::engine) struct CallTotals {
    pub(in crate::engine) outcomes: Tallies<Outcome>,
    /// Time from the call to its answer.
    pub(in crate::engine) answered: Histogram,
}
