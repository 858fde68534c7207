use serde::{Deserialize, Serialize};

/// The results of calls and new workers since the last query.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Probed {
    /// The median latency of calls.
    pub(crate) call_ms: Option<f64>,
    /// Their 99th percentile.
    pub(crate) call_high_ms: Option<f64>,
    /// Number of new workers that were served.
    pub(crate) newcomers: usize,
    /// The median time to serve a new worker.
    pub(crate) newcomer_ms: Option<f64>,
    /// Number of failed calls and new workers, and the last failure.
    pub(crate) failed: usize,
    pub(crate) reason: Option<String>,
}
