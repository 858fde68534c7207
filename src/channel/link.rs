use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio_util::sync::ReusableBoxFuture;

use crate::transport::{Address, ConnectError, Transport};
use crate::wire::{Direction, StreamChannelRef};

/// The connection of one end: not connected, connecting, open, or finished.
///
/// | state | left by | to |
/// |---|---|---|
/// | `Idle` | the first use | `Dialing` |
/// | `Dialing` | success, failure | `Open`, `Gone` |
/// | `Open` | the end of the stream | `Gone` |
///
/// An end never connects twice: a second connection would find an empty stream or be refused
/// (`docs/protocol.md` section 12.6).
pub(crate) enum Link {
    Idle(Address, StreamChannelRef),
    Dialing(ReusableBoxFuture<'static, Result<Box<dyn Transport>, ConnectError>>),
    Open(Box<dyn Transport>),
    Gone,
}

impl Link {
    /// Creates a link for the end `direction`. A ref for the other end fails on connecting.
    pub(crate) fn new(
        address: &Address,
        channel_ref: &StreamChannelRef,
        direction: Direction,
    ) -> Self {
        if channel_ref.direction == direction {
            return Self::Idle(address.clone(), channel_ref.clone());
        }
        let error = ConnectError::WrongDirection {
            expected: direction.role(),
            expected_direction: direction.as_str(),
        };
        Self::Dialing(ReusableBoxFuture::new(async move { Err(error) }))
    }

    /// The target of the connection, before the first use.
    pub(crate) fn target(&self) -> Option<(&Address, &StreamChannelRef)> {
        match self {
            Self::Idle(address, channel_ref) => Some((address, channel_ref)),
            _ => None,
        }
    }

    /// Waits until the link is open. Must not be called after it has failed or was closed.
    pub(crate) fn poll_open(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<&mut dyn Transport, ConnectError>> {
        if let Self::Idle(address, channel_ref) = self {
            let (address, channel_ref) = (address.clone(), channel_ref.clone());
            *self = Self::Dialing(ReusableBoxFuture::new(async move {
                address.dial_channel(&channel_ref).await
            }));
        }
        if let Self::Dialing(dialing) = self {
            let dialled = ready!(dialing.poll(cx));
            *self = Self::Gone;
            *self = Self::Open(dialled?);
        }
        match self {
            Self::Open(transport) => Poll::Ready(Ok(&mut **transport)),
            _ => Poll::Ready(Err(ConnectError::Stopped)),
        }
    }

    /// The interval of heartbeats over this link; `None` within the process. Must be called before
    /// connecting.
    pub(crate) fn heartbeat(&self) -> Option<Duration> {
        match self {
            Self::Idle(address, _) => Some(address.heartbeat_every()),
            _ => None,
        }
    }

    /// The open connection, if there is one.
    pub(crate) fn open(&mut self) -> Option<&mut dyn Transport> {
        match self {
            Self::Open(transport) => Some(&mut **transport),
            _ => None,
        }
    }

    /// Whether the end was used and may be open at the engine.
    pub(crate) fn is_used(&self) -> bool {
        matches!(self, Self::Dialing(_) | Self::Open(_))
    }

    /// Whether it is connecting.
    pub(crate) fn is_dialing(&self) -> bool {
        matches!(self, Self::Dialing(_))
    }

    /// The open connection, for an owner that needs no other state.
    pub(crate) fn into_open(self) -> Option<Box<dyn Transport>> {
        match self {
            Self::Open(transport) => Some(transport),
            _ => None,
        }
    }

    /// Takes the link and leaves `Gone`.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Gone)
    }
}
