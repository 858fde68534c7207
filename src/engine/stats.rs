/// What an engine holds at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Control connections.
    pub workers: usize,
    /// Functions that workers have registered.
    pub functions: usize,
    /// Calls without a result yet.
    pub calls: usize,
    /// Channels that are not finished.
    pub channels: usize,
    /// Frames that wait for readers, over all channels.
    pub buffered_frames: usize,
    /// Payload bytes of these frames.
    pub buffered_bytes: usize,
}
