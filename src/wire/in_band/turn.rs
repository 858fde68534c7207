use serde::{Deserialize, Serialize};

/// Marks the end of a turn. Several copies of a stage take turns, so that their outputs keep the
/// order of their inputs.
///
/// Everything that the copy writes before this message precedes everything that the next copy
/// writes in its turn. A stage writes the message at the position where it read it: after the
/// outputs of earlier items and before the outputs of later ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Turn {
    /// Number of turns that the copy has had so far, including this one.
    ///
    /// A stage that reads several of these messages and writes nothing in between may forward only
    /// the last one.
    pub(crate) turns: u64,
}
