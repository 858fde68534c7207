use std::time::Duration;

use super::Sockets;

/// A fault of a connection. No fault reorders or duplicates bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Both sides see the other one disconnect after the forwarded bytes, without a WebSocket
    /// close.
    Cut,
    /// Both sides see a connection reset; data that they have not read may be lost.
    Reset,
    /// The receiving side sees the end of this direction; the other direction continues. Further
    /// bytes in this direction are discarded.
    HalfClose,
    /// This direction stops without notification: a half-open peer. If both directions are stalled,
    /// the connection is also dead for TCP (on Linux): no segment and no keep-alive probe is
    /// acknowledged.
    Stall,
    /// This direction stops once, for this time.
    Pause(Duration),
    /// From now on, every chunk (at most 64 KiB) is delayed by this time.
    Delay(Duration),
    /// From now on, at most this many bytes per second pass in this direction.
    Throttle(u32),
    /// Flips this bit, 0 to 7, of the next byte, once.
    FlipBit(u8),
}

impl Fault {
    /// Whether all bytes still arrive unchanged, even if late.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Pause(_) | Self::Delay(_) | Self::Throttle(_))
    }
}

/// The direction of bytes through a [`FaultProxy`](super::FaultProxy).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// From the client to the engine.
    ToEngine,
    /// From the engine to the client.
    ToClient,
}

impl Way {
    /// Both directions.
    pub const BOTH: [Self; 2] = [Self::ToEngine, Self::ToClient];
}

/// A fault that occurred on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InjectedFault {
    /// The number of the connection, from 0 in the order that the proxy accepted them.
    pub connection: u64,
    /// The kind of the connection, if it was determined.
    pub sockets: Sockets,
    /// The affected direction.
    pub way: Way,
    /// Number of bytes that had passed in this direction before the fault.
    pub after: u64,
    /// The fault.
    pub fault: Fault,
}
