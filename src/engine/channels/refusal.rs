/// Why an end is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Refusal {
    /// The channel does not exist, or the key is wrong; the client must not learn which.
    NotFound,
    /// The end was opened before.
    Taken,
}
