use serde::{Deserialize, Serialize};

/// Ends a turn of one of several copies of a stage, among which order is kept.
///
/// Everything that the copy writes before this message belongs before everything that the next
/// copy writes in its turn. A stage writes the message at the place where it read it: after the
/// outputs of the items before it, and before the outputs of the items after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// Turns that the copy has had so far, this one included.
    ///
    /// A stage that reads several of these messages and writes nothing in between may pass on the
    /// last of them alone.
    pub(crate) turns: u64,
}
