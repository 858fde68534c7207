use serde::{Deserialize, Serialize};

/// What an engine reports that it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Holdings {
    pub(crate) workers: usize,
    pub(crate) functions: usize,
    pub(crate) calls: usize,
    pub(crate) channels: usize,
    pub(crate) buffered_bytes: usize,
    /// Number of readers in its process that have read everything they should.
    pub(crate) own_read: usize,
    /// Number of lines in its log so far, at the default level: warnings and errors.
    pub(crate) log_lines: u64,
}

impl Holdings {
    /// The maximum of each.
    pub(crate) fn most(self, other: Self) -> Self {
        Self {
            workers: self.workers.max(other.workers),
            functions: self.functions.max(other.functions),
            calls: self.calls.max(other.calls),
            channels: self.channels.max(other.channels),
            buffered_bytes: self.buffered_bytes.max(other.buffered_bytes),
            own_read: self.own_read.max(other.own_read),
            log_lines: self.log_lines.max(other.log_lines),
        }
    }
}
