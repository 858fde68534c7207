use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

use super::head::{Head, MAX_CONTROL, Opcode};
use super::mask::Key;
use super::{Masking, Role};
use crate::wire::{Close, Frame};

/// Payloads up to this length are copied after their header, so that many small frames form one
/// chunk. Longer payloads are written in place.
const COPIED: usize = 4 << 10;

/// Maximum size of a message in one frame, and of each fragment of a longer message. Engines accept
/// 16 MiB per frame and 64 MiB per message (`docs/protocol.md` section 1.5).
const WHOLE: usize = 16 << 20;
const FRAGMENT: usize = 1 << 20;

/// Number of waiting bytes from which [`Outgoing::is_full`] is true. It is enough for one write,
/// but little memory for each of many connections.
const FULL: usize = 256 << 10;

/// Maximum number of pieces in one vectored write.
const PIECES: usize = 64;

/// Converts messages into bytes to be written.
///
/// ```text
///   pieces: [headers and short frames][long payload][headers and short frames]..  then  tail
/// ```
#[derive(Debug)]
pub(super) struct Outgoing {
    role: Role,
    /// Complete pieces, in order. Bounded by `FULL` plus one message, because callers check
    /// [`is_full`](Self::is_full) first.
    pieces: VecDeque<Bytes>,
    /// The piece to which headers and short frames are appended.
    tail: BytesMut,
    len: usize,
    /// The answer to the last ping that arrived while the queue was full.
    owed: Option<Bytes>,
}

impl Outgoing {
    pub(super) fn new(role: Role) -> Self {
        Self {
            role,
            pieces: VecDeque::new(),
            tail: BytesMut::new(),
            len: 0,
            owed: None,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn is_full(&self) -> bool {
        self.len >= FULL
    }

    pub(super) fn frame(&mut self, frame: Frame) {
        match frame {
            Frame::Data(payload) => self.push(Opcode::Binary, payload),
            Frame::Message(text) if text.len() > WHOLE => self.fragments(text.into_bytes()),
            Frame::Message(text) => self.push(Opcode::Text, text.into_bytes()),
        }
    }

    /// Queues a long message in fragments (RFC 6455 §5.4). A character may be split between two
    /// fragments; the whole message is valid text.
    fn fragments(&mut self, mut rest: Bytes) {
        let mut opcode = Opcode::Text;
        while rest.len() > FRAGMENT {
            self.push_part(opcode, false, rest.split_to(FRAGMENT));
            opcode = Opcode::Continuation;
        }
        self.push_part(opcode, true, rest);
    }

    pub(super) fn ping(&mut self) {
        self.push(Opcode::Ping, Bytes::new());
    }

    /// Queues the answer to a ping, with the same payload.
    ///
    /// While the queue is full, only the last answer is kept, and it also answers earlier pings
    /// (RFC 6455 §5.5.3). A peer that reads slowly still gets its answer, and a peer that does not
    /// read cannot grow the queue.
    pub(super) fn pong(&mut self, payload: Bytes) {
        if self.is_full() {
            self.owed = Some(payload);
        } else {
            self.push(Opcode::Pong, payload);
        }
    }

    pub(super) fn close(&mut self, close: &Close) {
        // Nothing may follow a close (RFC 6455 §5.5.1).
        self.owed = None;
        let mut payload = BytesMut::new();
        if let Some(code) = close.code {
            payload.extend_from_slice(&code.to_be_bytes());
            // Truncate at a character boundary.
            let mut reason: &str = &close.reason;
            while reason.len() > MAX_CONTROL - 2 {
                let mut chars = reason.chars();
                chars.next_back();
                reason = chars.as_str();
            }
            payload.extend_from_slice(reason.as_bytes());
        }
        self.push(Opcode::Close, payload.freeze());
    }

    fn push(&mut self, opcode: Opcode, payload: Bytes) {
        self.push_part(opcode, true, payload);
    }

    fn push_part(&mut self, opcode: Opcode, last: bool, payload: Bytes) {
        let key = match self.role {
            Role::Server => None,
            Role::Client(Masking::Zero) => Some(Key::ZERO),
            Role::Client(Masking::Random) => Some(random_key()),
        };
        let head = Head {
            last,
            opcode,
            key,
            len: payload.len() as u64,
        };
        let (bytes, size) = head.encode();
        self.len += size + payload.len();
        self.tail.extend_from_slice(&bytes[..size]);
        match key {
            Some(key) if key != Key::ZERO => {
                let start = self.tail.len();
                self.tail.extend_from_slice(&payload);
                key.apply(&mut self.tail[start..]);
            }
            _ if payload.len() <= COPIED => self.tail.extend_from_slice(&payload),
            _ => {
                self.pieces.push_back(self.tail.split().freeze());
                self.pieces.push_back(payload);
            }
        }
    }

    /// The slices to write next, for a vectored write.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>; PIECES]) -> usize {
        let tail = (!self.tail.is_empty()).then_some(&self.tail[..]);
        let all = self.pieces.iter().map(|piece| &piece[..]).chain(tail);
        let mut used = 0;
        for (slot, piece) in slices.iter_mut().zip(all) {
            *slot = IoSlice::new(piece);
            used += 1;
        }
        used
    }

    /// Creates an array for [`slices`](Self::slices).
    pub(super) fn no_slices<'a>() -> [IoSlice<'a>; PIECES] {
        [IoSlice::new(&[]); PIECES]
    }

    /// Removes `written` bytes from the front.
    pub(super) fn advance(&mut self, mut written: usize) {
        self.len -= written;
        while written > 0 {
            let Some(piece) = self.pieces.front_mut() else {
                self.tail.advance(written);
                break;
            };
            if piece.len() > written {
                piece.advance(written);
                break;
            }
            written -= piece.len();
            self.pieces.pop_front();
        }
        if !self.is_full()
            && let Some(payload) = self.owed.take()
        {
            self.push(Opcode::Pong, payload);
        }
        if self.is_empty() {
            // An idle connection holds no buffer.
            self.tail = BytesMut::new();
        }
    }
}

/// A key that the peer cannot predict, from a version 4 UUID.
fn random_key() -> Key {
    let [a, b, c, d, ..] = uuid::Uuid::new_v4().into_bytes();
    Key([a, b, c, d])
}
