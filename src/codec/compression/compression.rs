use std::io;

use bytes::{Bytes, BytesMut};

/// How a stream is compressed. The header names the algorithm, and the receiver decompresses the
/// stream.
///
/// A build without the feature of an algorithm refuses such streams with an error.
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
    /// Zstandard, one frame of RFC 8878. High compression; suited to networks. Requires the feature
    /// `zstd`.
    Zstd {
        /// From 1 (fast) to 22 (small). Negative levels are faster still. [`Compression::ZSTD`]
        /// uses the default, 3.
        level: i32,
    },
    /// LZ4, one frame of its frame format. Fast; suited to machines with a busy CPU. Requires the
    /// feature `lz4`.
    Lz4,
}

impl Compression {
    /// Zstandard at its default level.
    pub const ZSTD: Self = Self::Zstd { level: 3 };

    /// The name on the wire: `zstd` or `lz4`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zstd { .. } => "zstd",
            Self::Lz4 => "lz4",
        }
    }

    /// The inverse of [`name`](Self::name), without a level.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::ZSTD, Self::Lz4]
            .into_iter()
            .find(|compression| compression.name() == name)
    }
}

/// The sender's half of an algorithm.
pub(super) trait Compress: Send + Sync {
    fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> io::Result<()>;
    fn flush(&mut self, out: &mut BytesMut) -> io::Result<()>;
    fn finish(&mut self, out: &mut BytesMut) -> io::Result<()>;
}

/// The receiver's half of an algorithm.
pub(super) trait Decompress: Send + Sync {
    /// Takes bytes from the front of `input` and appends at most `limit` bytes to `out`. Stops at
    /// the limit, at the end of the input, or at the end of the stream.
    fn push(&mut self, input: &mut Bytes, out: &mut BytesMut, limit: usize) -> io::Result<()>;

    /// Whether the end was reached and everything before it was returned.
    fn has_ended(&self) -> bool;
}
