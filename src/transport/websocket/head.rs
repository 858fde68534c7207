use super::mask::Key;

/// The type of a frame (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    const fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
        }
    }

    const fn of(bits: u8) -> Option<Self> {
        Some(match bits {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            _ => return None,
        })
    }

    /// Control frames are short and not fragmented (RFC 6455 §5.5).
    pub(super) const fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// The longest payload of a control frame (RFC 6455 §5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// The header of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) last: bool,
    pub(super) opcode: Opcode,
    pub(super) key: Option<Key>,
    /// Payload length in bytes.
    pub(super) len: u64,
}

impl Head {
    /// Maximum length of a frame header: two bytes, an eight-byte length, a four-byte key.
    pub(super) const MAX: usize = 14;

    /// Parses a header at the start of `bytes` and returns it with its length. Returns `None` if
    /// more bytes are needed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, &'static str> {
        let [first, second, rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err("a reserved bit is set, but no extension was agreed on");
        }
        let opcode = Opcode::of(first & 0x0F).ok_or("a reserved kind of frame")?;
        let last = first & 0x80 != 0;
        let (len, rest, len_bytes) = match second & 0x7F {
            126 => match rest.split_first_chunk::<2>() {
                None => return Ok(None),
                Some((len, rest)) => (u64::from(u16::from_be_bytes(*len)), rest, 2),
            },
            127 => match rest.split_first_chunk::<8>() {
                None => return Ok(None),
                Some((len, rest)) => (u64::from_be_bytes(*len), rest, 8),
            },
            len => (u64::from(len), rest, 0),
        };
        if len >> 63 != 0 {
            return Err("a length of 64 bits");
        }
        if opcode.is_control() && (!last || len > MAX_CONTROL as u64) {
            return Err("a control frame that is cut or too long");
        }
        let masked = second & 0x80 != 0;
        let key = match rest.first_chunk::<4>() {
            _ if !masked => None,
            None => return Ok(None),
            Some(key) => Some(Key(*key)),
        };
        let size = 2 + len_bytes + if masked { 4 } else { 0 };
        Ok(Some((
            Self {
                last,
                opcode,
                key,
                len,
            },
            size,
        )))
    }

    /// Encodes the header: an array, and how many of its bytes are used. The inverse of
    /// [`parse`](Self::parse).
    #[allow(clippy::cast_possible_truncation)] // Each cast is behind the comparison that allows it.
    pub(super) fn encode(self) -> ([u8; Self::MAX], usize) {
        let mut bytes = [0; Self::MAX];
        bytes[0] = if self.last { 0x80 } else { 0 } | self.opcode.bits();
        let mask = if self.key.is_some() { 0x80 } else { 0 };
        let mut size = 2;
        if self.len < 126 {
            bytes[1] = mask | self.len as u8;
        } else if let Ok(len) = u16::try_from(self.len) {
            bytes[1] = mask | 0x7E;
            bytes[2..4].copy_from_slice(&len.to_be_bytes());
            size = 4;
        } else {
            bytes[1] = mask | 0x7F;
            bytes[2..10].copy_from_slice(&self.len.to_be_bytes());
            size = 10;
        }
        if let Some(Key(key)) = self.key {
            bytes[size..size + 4].copy_from_slice(&key);
            size += 4;
        }
        (bytes, size)
    }
}

#[cfg(test)]
mod tests {
    use super::{Head, Opcode};
    use crate::transport::websocket::mask::Key;

    #[test]
    fn headers_round_trip_at_every_length_boundary() {
        for len in [
            0,
            1,
            125,
            126,
            127,
            65_535,
            65_536,
            u64::from(u32::MAX),
            (1 << 63) - 1,
        ] {
            for key in [None, Some(Key([1, 2, 3, 4]))] {
                let head = Head {
                    last: true,
                    opcode: Opcode::Binary,
                    key,
                    len,
                };
                let (bytes, size) = head.encode();
                assert_eq!(Head::parse(&bytes[..size]), Ok(Some((head, size))));
                for short in 0..size {
                    assert_eq!(
                        Head::parse(&bytes[..short]),
                        Ok(None),
                        "{len} cut to {short}"
                    );
                }
            }
        }
    }

    #[test]
    fn broken_rules_are_told() {
        for bytes in [
            &[0xC2, 0][..],
            &[0x83, 0],
            &[0x09, 0],
            &[0x89, 126, 0, 126],
            &[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert!(Head::parse(bytes).is_err(), "{bytes:?}");
        }
    }
}
