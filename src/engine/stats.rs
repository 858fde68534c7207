/// The contents of an engine at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Number of control connections.
    pub workers: usize,
    /// Number of registered functions.
    pub functions: usize,
    /// Number of calls without a result.
    pub calls: usize,
    /// Number of unfinished channels.
    pub channels: usize,
    /// Number of frames waiting for readers, over all channels.
    pub buffered_frames: usize,
    /// Number of payload bytes in these frames.
    pub buffered_bytes: usize,
}
