use std::time::Duration;

/// A shutdown that had to stop functions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{unfinished} functions were still running after {after:?} and were stopped; give them longer with `shutdown_timeout`, or let them watch `Invocation::cancelled`"
)]
#[non_exhaustive]
pub struct ShutdownError {
    /// How many functions were stopped; their callers are told that the invocation stopped.
    pub unfinished: usize,
    /// How long the worker waited for them.
    pub after: Duration,
}
