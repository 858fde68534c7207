use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio_util::sync::ReusableBoxFuture;

use crate::transport::{Address, ConnectError, Transport};
use crate::wire::{Direction, StreamChannelRef};

/// The connection of one end: not dialled, being dialled, open, or done with.
///
/// | state | left by | to |
/// |---|---|---|
/// | `Idle` | the first use | `Dialing` |
/// | `Dialing` | success, failure | `Open`, `Gone` |
/// | `Open` | the end of the stream | `Gone` |
///
/// An end never dials twice: after a role was used, a second dial would find an empty stream or a
/// refusal (`docs/protocol.md` section 12.6).
pub(crate) enum Link {
    Idle(Address, StreamChannelRef),
    Dialing(ReusableBoxFuture<'static, Result<Box<dyn Transport>, ConnectError>>),
    Open(Box<dyn Transport>),
    Gone,
}

impl Link {
    /// A link for the end `direction`; a ref for the other end fails when it is dialled.
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

    /// What it will dial, as long as it was not used.
    pub(crate) fn target(&self) -> Option<(&Address, &StreamChannelRef)> {
        match self {
            Self::Idle(address, channel_ref) => Some((address, channel_ref)),
            _ => None,
        }
    }

    /// Waits until the link is open. To be called no more after it has failed or was closed.
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

    /// How often signs of life are to be given over it; `None` within the process. To be asked
    /// before it is dialled.
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

    /// Whether the end was used: it may hold the role at the engine.
    pub(crate) fn is_used(&self) -> bool {
        matches!(self, Self::Dialing(_) | Self::Open(_))
    }

    /// Whether it is being dialled.
    pub(crate) fn is_dialing(&self) -> bool {
        matches!(self, Self::Dialing(_))
    }

    /// The connection if it is open, for an owner that needs no other state.
    pub(crate) fn into_open(self) -> Option<Box<dyn Transport>> {
        match self {
            Self::Open(transport) => Some(transport),
            _ => None,
        }
    }

    /// Takes the link, leaving one that is gone.
    pub(crate) fn take(&mut self) -> Self {
        std::mem::replace(self, Self::Gone)
    }
}
