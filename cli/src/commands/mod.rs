//! The commands, one in each file or folder.

pub(super) mod bench;
pub(super) mod channel;
pub(super) mod channels;
pub(super) mod check;
pub(super) mod completions;
pub(super) mod describe;
pub(super) mod engine;
pub(super) mod functions;
pub(super) mod graph;
pub(super) mod man;
pub(super) mod new;
pub(super) mod run;
pub(super) mod runs;
pub(super) mod stages;
pub(super) mod top;
pub(super) mod trigger;
pub(super) mod workers;
