/// Limits on items that a receiver accepts. They keep a hostile writer from causing unbounded
/// allocation or recursion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemLimits {
    /// Maximum size of an encoded item in bytes; default: 64 MiB.
    pub max_bytes: usize,
    /// Maximum nesting depth; default: 128, as in `serde_json`.
    ///
    /// It counts structs, lists, maps and enums. Formats other than [`Json`] also count options and
    /// newtypes: a list whose nodes are linked by `Option<Box<Node>>` has two levels per node.
    ///
    /// [`Json`]: crate::format::Json
    pub max_nesting: usize,
}

impl ItemLimits {
    /// The default limits.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 20,
        max_nesting: 128,
    };

    /// The defaults for stages of a pipeline: twice the nesting, because the program itself creates
    /// the items of its sources.
    pub(crate) const OF_STAGES: Self = Self {
        max_nesting: 256,
        ..Self::DEFAULT
    };

    /// For data that this process has written itself.
    pub(crate) const NONE: Self = Self {
        max_bytes: usize::MAX,
        max_nesting: usize::MAX,
    };

    /// Returns the same limits with another maximum size.
    #[must_use]
    pub const fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes, ..self }
    }

    /// Returns the same limits with another maximum nesting.
    ///
    /// A level uses some hundred bytes of stack, and some thousand in unoptimised builds. A tokio
    /// thread has 2 MiB.
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
