/// How the bytes of a stream are compressed; the header names it and the receiver undoes it.
///
/// A build without the feature of an algorithm does not open streams of it, and says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Zstandard, a frame of RFC 8878. Small; a good choice for networks. With the feature `zstd`.
    Zstd {
        /// From 1, fast, to 22, small; negative ones are faster still. [`Compression::ZSTD`] has
        /// the usual 3.
        level: i32,
    },
    /// LZ4, a frame of its frame format. Fast; a good choice where the processor is busy. With the
    /// feature `lz4`.
    Lz4,
}

impl Compression {
    /// Zstandard at its usual level.
    pub const ZSTD: Self = Self::Zstd { level: 3 };

    /// The name on the wire: `zstd` or `lz4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd { .. } => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The inverse of [`name`](Self::name); a level is not part of it.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ZSTD, Self::Lz4]
            .into_iter()
            .find(|compression| compression.name() == name)
    }
}
