use serde::{Deserialize, Serialize};

/// What calls and newcomers felt since the last word.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Probed {
    /// The median of calls, from the call to its result.
    pub(crate) call_ms: Option<f64>,
    /// Their 99th percentile.
    pub(crate) call_high_ms: Option<f64>,
    /// Newcomers that were served.
    pub(crate) newcomers: usize,
    /// The median of what it took to serve them.
    pub(crate) newcomer_ms: Option<f64>,
    /// Calls and newcomers that failed, and why the last of them did.
    pub(crate) failed: usize,
    pub(crate) reason: Option<String>,
}
