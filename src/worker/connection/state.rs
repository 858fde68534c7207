use std::fmt;

use tokio::time::Instant;

use super::super::Closed;

/// The state of a worker's connection to its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ConnectionState {
    /// The connection is open.
    Connected,
    /// The connection was lost; calls wait until it is re-established.
    Reconnecting,
    /// The worker was shut down or has given up reconnecting; see
    /// [`Worker::closed`](crate::Worker::closed).
    Closed,
}

impl fmt::Display for ConnectionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connected => "connected",
            Self::Reconnecting => "reconnecting",
            Self::Closed => "closed",
        })
    }
}

/// The status that the driver publishes to the handles.
#[derive(Clone, Debug)]
pub(in crate::worker) struct Status {
    pub(in crate::worker) link: Link,
    /// The engine's id for this worker; it changes with each reconnect.
    pub(in crate::worker) worker_id: Option<String>,
    /// Whether the engine supports pipewright's protocol extensions.
    pub(in crate::worker) extended: bool,
    /// When the connection was last re-established.
    pub(in crate::worker) reconnected: Option<Instant>,
}

#[derive(Clone, Debug)]
pub(in crate::worker) enum Link {
    Connected,
    Reconnecting,
    Closed(Closed),
}

impl Status {
    pub(in crate::worker) fn state(&self) -> ConnectionState {
        match self.link {
            Link::Connected => ConnectionState::Connected,
            Link::Reconnecting => ConnectionState::Reconnecting,
            Link::Closed(_) => ConnectionState::Closed,
        }
    }

    pub(in crate::worker) fn closed(&self) -> Option<&Closed> {
        match &self.link {
            Link::Closed(closed) => Some(closed),
            _ => None,
        }
    }
}
