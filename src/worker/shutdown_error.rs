use std::time::Duration;

/// The error of a shutdown that had to stop functions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{unfinished} functions were still running after {after:?} and were stopped; give them longer with `shutdown_timeout`, or let them watch `Invocation::cancelled`"
)]
#[non_exhaustive]
pub struct ShutdownError {
    /// Number of functions that were stopped. Their callers receive an error.
    pub unfinished: usize,
    /// How long the worker waited for them.
    pub after: Duration,
}
