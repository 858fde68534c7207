//! Everything that belongs to one run of a stage: its context, ends, result and report.

pub(super) mod blocking;
pub(super) mod conclude;
pub(super) mod context;
pub(super) mod control;
mod counted;
pub(super) mod ending;
pub(super) mod ends;
pub(super) mod forward;
pub(super) mod grace;
pub(super) mod progress_ticker;
pub(super) mod report;
