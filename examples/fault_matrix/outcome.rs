/// The outcome of a round.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything arrived, and every part reported success.
    Complete,
    /// The run reported a failure.
    Reported {
        reason: String,
        /// Whether its first cause is the faulty part. `None` if no part or several parts are faulty.
        is_right: Option<bool>,
    },
    /// Incomplete data was reported as complete, or nothing was reported in time.
    Silent(String),
}
