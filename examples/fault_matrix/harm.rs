use std::time::Duration;

use pipewright::testing::faults::{Fault, ProcessFault, Way};

/// The fault that affects a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// A fault of its process; if a time is given, the process continues after it.
    Process(ProcessFault, Option<Duration>),
    /// A fault of all its connections, control and channels, in both directions.
    Network(Fault),
    /// A fault of its channels, at an exact byte of one direction.
    Channels(Way, Fault),
}

impl Harm {
    /// Whether everything must still arrive.
    pub(crate) fn is_harmless(self) -> bool {
        match self {
            Self::Process(fault, goes_on) => fault == ProcessFault::Stop && goes_on.is_some(),
            Self::Network(fault) | Self::Channels(_, fault) => fault.is_harmless(),
        }
    }
}
