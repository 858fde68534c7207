use std::task::{Context, Poll, ready};

use crate::channel::WriteError;
use crate::channel::link::Link;
use crate::channel::writer::outcome::{EndKind, Phase, outcome};
use crate::transport::{IdleTimeout, Transport};

/// The state of an outbox, with what it needs; [`Outbox`](super::Outbox) has the table.
pub(super) enum State {
    Open(Link),
    Ending {
        link: Link,
        how: EndKind,
        /// Bounds the end of a stream whose writer was dropped.
        dropped: Option<IdleTimeout>,
    },
    Closing {
        link: Box<dyn Transport>,
        how: EndKind,
        deadline: IdleTimeout,
        flushed: bool,
    },
    Over {
        how: EndKind,
        result: Result<(), WriteError>,
    },
}

impl State {
    /// The open connection, if there is one.
    pub(super) fn open(&mut self) -> Option<&mut dyn Transport> {
        match self {
            Self::Open(link) | Self::Ending { link, .. } => link.open(),
            Self::Closing { link, .. } => Some(&mut **link),
            Self::Over { .. } => None,
        }
    }

    pub(super) fn phase(&self) -> (Phase, &EndKind) {
        match self {
            Self::Open(_) => (Phase::Open, &EndKind::Whole),
            Self::Ending { how, .. } => (Phase::Ending, how),
            Self::Closing { how, .. } | Self::Over { how, .. } => (Phase::Closing, how),
        }
    }
}

/// Ready when the peer has ended the stream; see [`outcome`]. Every frame of the peer restarts the
/// timeout.
pub(super) fn poll_closed(
    link: &mut dyn Transport,
    (phase, how): (Phase, &EndKind),
    mut sign: Option<&mut IdleTimeout>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), WriteError>> {
    loop {
        let received = ready!(link.poll_receive(cx));
        if let Some(ended) = outcome(phase, how, received) {
            return Poll::Ready(ended);
        }
        if let Some(sign) = &mut sign {
            sign.heard();
        }
    }
}
