/// What a receiver accepts of an item, so that a hostile writer cannot make it allocate or recurse
/// without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemLimits {
    /// Bytes of one encoded item at the most; 64 MiB unless told.
    pub max_bytes: usize,
    /// Values within each other at the most; 128 unless told, as in `serde_json`.
    ///
    /// Counts structs, lists, maps and enums, and for formats other than [`Json`] also options and
    /// newtypes: a list of nodes that are linked by `Option<Box<Node>>` has two levels a node.
    ///
    /// [`Json`]: crate::format::Json
    pub max_nesting: usize,
}

impl ItemLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 20,
        max_nesting: 128,
    };

    /// The defaults of the stages of a pipeline: twice the nesting, because what their sources give
    /// is the program's own.
    pub(crate) const OF_STAGES: Self = Self {
        max_nesting: 256,
        ..Self::DEFAULT
    };

    /// For what this process has written itself.
    pub(crate) const NONE: Self = Self {
        max_bytes: usize::MAX,
        max_nesting: usize::MAX,
    };

    /// The same limits with another length.
    #[must_use]
    pub const fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// The same limits with another nesting.
    ///
    /// A level takes some hundred bytes of the stack, and some thousand in builds without
    /// optimisation; a thread of tokio has 2 MiB.
    #[must_use]
    pub const fn max_nesting(self, max_nesting: usize) -> Self {
        Self {
            max_nesting,
            ..self
        }
    }
}

impl Default for ItemLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
