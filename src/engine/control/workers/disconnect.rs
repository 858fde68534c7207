use std::fmt;
use std::time::Duration;

use super::super::calls::delivery::Deliveries;
use super::super::control_plane::Tables;
use super::registry::WorkerId;

/// How a worker disconnected, for the callers that wait for its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::engine::control) enum Disconnect {
    Disconnected,
    /// The connection was lost, so the worker may reattach.
    Lost,
    /// A newer connection of the worker replaced it.
    Replaced,
    /// It sent nothing for this long.
    Silent(Duration),
}

/// Ends the calls that a connection made or executed.
pub(in crate::engine::control) fn disconnect(
    tables: &mut Tables,
    id: &WorkerId,
    how: Disconnect,
    out: &mut Deliveries,
) {
    tables.held.leave(id);
    let left = tables.calls.leave(id);
    tables.tell_stopped(left.stopped, &how.to_string(), out);
    tables.tell_cancelled(left.abandoned, out);
}

impl fmt::Display for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disconnected | Self::Lost => {
                f.write_str("disconnected before there was a result")
            }
            Self::Replaced => f.write_str("reconnected before there was a result"),
            Self::Silent(after) => write!(
                f,
                "did not respond for {after:?} and was disconnected; if a function blocks its \
                 thread, run that work with `blocking`"
            ),
        }
    }
}
