/// The outcome of a round.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything arrived, and every part reported success.
    Complete,
    /// A part reported a failure.
    Reported(String),
    /// Incomplete data was reported as complete, or nothing was reported in time.
    Silent(String),
}
