use std::time::Duration;

/// What may happen to a connection on its way. Nothing is put in another order, nothing comes twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// Both sides see the other hang up, after what was passed on and without a word of WebSocket.
    Cut,
    /// Both sides see the connection reset; what they have not read yet may be lost.
    Reset,
    /// The side that bytes go to sees their end; the other way goes on. What still comes this way
    /// is thrown away.
    HalfClose,
    /// Nothing goes this way any more, and nobody is told: a peer that is half open.
    Stall,
    /// Nothing goes this way for this long, once.
    Pause(Duration),
    /// Every piece, of 64 KiB at the most, waits for this long from here on.
    Delay(Duration),
    /// So many bytes go this way in a second from here on, and no more.
    Throttle(u32),
    /// The bit of this number, 0 to 7, of the next byte is turned over, once.
    FlipBit(u8),
}

impl Fault {
    /// Whether bytes still arrive as they were sent, all of them, if later.
    pub fn is_harmless(self) -> bool {
        matches!(self, Self::Pause(_) | Self::Delay(_) | Self::Throttle(_))
    }
}
