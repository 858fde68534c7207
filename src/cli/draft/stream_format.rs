use clap::ValueEnum;

/// What a stream of bytes is made of, as its header says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum StreamFormat {
    /// Bytes that the stages make of what they like.
    #[default]
    Bytes,
    /// A JSON value a line; stages that read another format refuse it.
    Ndjson,
    /// Lines of text; stages that read another format refuse it.
    Lines,
}
