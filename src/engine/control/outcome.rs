use crate::wire::{Histogram, Kind, Tallies};

/// What a call that was passed on has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Outcome {
    /// The worker answered with a result.
    Result,
    /// The worker answered with an error.
    Error,
    /// The caller or the worker went away before there was an answer.
    Stopped,
    /// No answer was asked for.
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

/// What all calls came to since the engine started.
#[derive(Debug, Default)]
pub(in crate::engine) struct CallTotals {
    pub(in crate::engine) outcomes: Tallies<Outcome>,
    /// From the call to its answer.
    pub(in crate::engine) answered: Histogram,
}
