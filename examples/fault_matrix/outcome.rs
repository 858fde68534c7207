/// The outcome of a round.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything arrived, and every part reported success.
    Complete,
    /// A part reported a failure.
    Reported(String),
    /// A part of the data was taken for all of it, or nothing was reported in time.
    Silent(String),
}
