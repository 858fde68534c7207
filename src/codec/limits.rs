/// What a receiver accepts of an item, so that a hostile writer cannot make it allocate or recurse
/// without bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemLimits {
    /// Bytes of one encoded item at the most; 64 MiB unless told.
    pub max_bytes: usize,
}

impl ItemLimits {
    /// The defaults.
    pub const DEFAULT: Self = Self {
        max_bytes: 64 << 20,
    };

    /// The same limits with another length.
    #[must_use]
    pub const fn max_bytes(self, max_bytes: usize) -> Self {
        Self { max_bytes }
    }
}

impl Default for ItemLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}
