/// How a round ended.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything arrived, and everybody says so.
    Complete,
    /// Somebody says that it failed, and why.
    Reported(String),
    /// A part was taken for the whole, or nobody said anything at all in time.
    Silent(String),
}
