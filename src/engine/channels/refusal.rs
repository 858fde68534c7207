/// Why an end is not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) enum Refusal {
    /// No such channel, or the key is wrong; who asks must not learn which.
    NotFound,
    /// The end was opened before.
    Taken,
}
