use crate::engine::channels::Ended;

/// How a channel ended, and how much its reader had taken by then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine) struct Ending {
    pub(in crate::engine) frames: u64,
    pub(in crate::engine) bytes: u64,
    pub(in crate::engine) how: Ended,
}
