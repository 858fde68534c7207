//! Standard output, standard error and signals.

pub(super) mod output;
pub(super) mod print_error;
pub(super) mod signals;
pub(super) mod stdio;
pub(super) mod table;
pub(super) mod units;
