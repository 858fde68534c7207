use std::io;

/// The error of compressing or decompressing a stream.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum CompressionError {
    /// An algorithm of a newer version or another program.
    #[error("compression `{0}` is not known here")]
    Unknown(String),
    #[cfg_attr(
        all(feature = "lz4", feature = "zstd"),
        expect(dead_code, reason = "this build has every algorithm")
    )]
    #[error("this build has no compression `{0}`: pipewright's feature `{0}` is off")]
    NotBuilt(&'static str),
    #[error("the compressed stream is damaged")]
    Damaged(#[source] io::Error),
    #[error("the compressed stream ends in the middle")]
    Truncated,
    #[error("bytes follow the end of the compressed stream")]
    Trailing,
    /// Out of memory, or an invalid level.
    #[error("the compressor failed")]
    Failed(#[source] io::Error),
}
