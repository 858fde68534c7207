use std::time::Duration;

use pipewright::testing::faults::{Fault, ProcessFault, Way};

/// What happens to the part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// Its process is struck; if a time is given, it goes on after that.
    Process(ProcessFault, Option<Duration>),
    /// All of its connections are struck by hand, control and channels, both ways.
    Network(Fault),
    /// Its channels only, at the exact byte of one way.
    Channels(Way, Fault),
}

impl Harm {
    /// Whether everything has to arrive in spite of it.
    pub(crate) fn is_harmless(self) -> bool {
        match self {
            Self::Process(fault, goes_on) => fault == ProcessFault::Stop && goes_on.is_some(),
            Self::Network(fault) | Self::Channels(_, fault) => fault.is_harmless(),
        }
    }
}
