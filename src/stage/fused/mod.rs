//! Stages joined into one stream within the process.

pub(super) mod background_call;
pub(super) mod catch_panic;
pub(super) mod concurrent;
pub(super) mod flow;
pub(super) mod format_checked;
pub(super) mod item_stage;
pub(super) mod local_stats;
pub(super) mod outputs;
pub(super) mod panic_context;
pub(super) mod sequential;
pub(super) mod task;
