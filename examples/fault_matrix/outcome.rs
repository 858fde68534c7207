/// The outcome of a round.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything arrived, and every part reported success.
    Complete,
    /// The run reported a failure.
    Reported {
        reason: String,
        /// Whether its first cause is what was struck. `None` if nothing or several parts were.
        is_right: Option<bool>,
    },
    /// Incomplete data was reported as complete, or nothing was reported in time.
    Silent(String),
}
