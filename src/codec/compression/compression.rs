/// How the bytes of a stream are compressed; the header names it and the receiver undoes it.
///
/// A build without the feature of an algorithm does not open streams of it, and says so.
///
/// # Example
///
/// ```
/// # #[cfg(all(feature = "engine", feature = "zstd"))]
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> pipewright::Result<()> {
/// use pipewright::Channel;
/// use pipewright::format::Compression;
///
/// let worker = pipewright::Worker::embedded().await?;
/// let channel: Channel<String> = worker.channel(None).await?;
/// let (sender, mut receiver) = (channel.sender, channel.receiver);
/// let mut sender = sender.compressed(Compression::ZSTD);
///
/// sender.send("again and ".repeat(1000)).await?;
/// assert_eq!(receiver.recv().await?, Some("again and ".repeat(1000)));
/// assert!(sender.report().bytes < 100);
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "engine", feature = "zstd")))]
/// # fn main() {}
/// ```
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
