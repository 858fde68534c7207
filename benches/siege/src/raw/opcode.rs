/// The type of a frame (RFC 6455 §5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Opcode {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Ping = 9,
    Pong = 10,
}

/// Set in the first byte of a frame that ends its message.
const LAST: u8 = 0x80;
/// Set in the second byte of a client's frame.
const MASKED: u8 = 0x80;

/// The longest payload whose length is in the second byte, and the values of that byte for longer
/// ones: the length follows in two or eight bytes.
const MOST_SHORT: u8 = 125;
const TWO_BYTES: u8 = 0x7E;
const EIGHT_BYTES: u8 = 0x7F;

/// The header of a client's frame, which may state more bytes than will be sent. The mask is zero,
/// so the payload is sent unchanged.
pub(crate) fn head(opcode: Opcode, last: bool, len: u64) -> Vec<u8> {
    let mut bytes = vec![opcode as u8 | if last { LAST } else { 0 }];
    match (u8::try_from(len), u16::try_from(len)) {
        (Ok(len @ ..=MOST_SHORT), _) => bytes.push(MASKED | len),
        (_, Ok(len)) => {
            bytes.push(MASKED | TWO_BYTES);
            bytes.extend(len.to_be_bytes());
        }
        _ => {
            bytes.push(MASKED | EIGHT_BYTES);
            bytes.extend(len.to_be_bytes());
        }
    }
    bytes.extend([0; 4]);
    bytes
}

/// A complete frame.
pub(crate) fn frame(opcode: Opcode, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut bytes = head(opcode, true, payload.len() as u64);
    bytes.extend_from_slice(payload);
    bytes
}
