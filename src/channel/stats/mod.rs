//! Statistics and reports of a stream whose ends are in use.

pub(super) mod observer;
pub(super) mod report;
pub(super) mod stream_stats;
pub(super) mod totals;
pub(super) mod wait_timer;
