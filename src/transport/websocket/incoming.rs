use bytes::{Buf, Bytes, BytesMut};

use super::head::{Head, Opcode};
use super::{Role, WebSocketLimits};
use crate::transport::TransportError;
use crate::wire::{Close, Frame, HUNGRY, Text};

/// A message from the peer, with its fragments joined.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Message {
    Frame(Frame),
    Close(Close),
    Ping(Bytes),
    Pong {
        /// Whether the peer has room and waits for data.
        hungry: bool,
    },
}

/// Converts received bytes into messages. It buffers only the fragments of an incomplete message.
#[derive(Debug)]
pub(super) struct Incoming {
    masked: bool,
    limits: WebSocketLimits,
    /// The header of the frame whose payload has not arrived yet.
    head: Option<Head>,
    /// The fragments of an incomplete message (RFC 6455 §5.4) and its type.
    fragments: Option<(Opcode, BytesMut)>,
}

impl Incoming {
    pub(super) fn new(role: Role, limits: WebSocketLimits) -> Self {
        Self {
            masked: role == Role::Server,
            limits,
            head: None,
            fragments: None,
        }
    }

    /// Takes the next message from the front of `input`, if it is complete.
    pub(super) fn next(&mut self, input: &mut BytesMut) -> Result<Option<Message>, TransportError> {
        loop {
            let head = match self.head {
                Some(head) => head,
                None => match Head::parse(input).map_err(broken)? {
                    None => return Ok(None),
                    Some((head, size)) => {
                        self.check(&head)?;
                        input.advance(size);
                        *self.head.insert(head)
                    }
                },
            };
            // Checked against the limit, which is a `usize`.
            let Ok(len) = usize::try_from(head.len) else {
                return Ok(None);
            };
            if input.len() < len {
                return Ok(None);
            }
            self.head = None;
            let mut payload = input.split_to(len);
            if let Some(key) = head.key {
                key.apply(&mut payload);
            }
            if let Some(message) = self.take(&head, payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// Bytes missing from the current frame, beyond the `have` bytes that have arrived.
    pub(super) fn missing(&self, have: usize) -> usize {
        let len = self
            .head
            .map_or(0, |head| usize::try_from(head.len).unwrap_or(usize::MAX));
        len.saturating_sub(have)
    }

    /// Bytes held in fragments of an incomplete message.
    pub(super) fn joined(&self) -> usize {
        let fragments = self.fragments.as_ref();
        fragments.map_or(0, |(_, joined)| joined.len())
    }

    fn check(&self, head: &Head) -> Result<(), TransportError> {
        if head.key.is_some() != self.masked {
            return Err(broken(if self.masked {
                "a client's frame is not masked"
            } else {
                "a server's frame is masked"
            }));
        }
        let joined = self.joined();
        let limit = self
            .limits
            .frame
            .min(self.limits.message.saturating_sub(joined));
        if head.opcode.is_control() || head.len <= limit as u64 {
            return Ok(());
        }
        Err(TransportError::TooLarge {
            size: usize::try_from(head.len)
                .unwrap_or(usize::MAX)
                .saturating_add(joined),
            limit: limit + joined,
        })
    }

    /// Processes a complete frame. Returns `None` if it is a fragment but not the last one.
    fn take(&mut self, head: &Head, payload: BytesMut) -> Result<Option<Message>, TransportError> {
        let payload = match (head.opcode, self.fragments.is_some()) {
            (Opcode::Ping, _) => return Ok(Some(Message::Ping(payload.freeze()))),
            (Opcode::Pong, _) => {
                let hungry = payload[..] == *HUNGRY;
                return Ok(Some(Message::Pong { hungry }));
            }
            (Opcode::Close, cut) => {
                let close = close(&payload)?;
                // Without an explanation it would look like the end of a complete stream.
                return if cut && close.is_clean() {
                    Err(broken("a clean close within a message"))
                } else {
                    Ok(Some(Message::Close(close)))
                };
            }
            (Opcode::Continuation, false) => {
                return Err(broken("a fragment without a beginning"));
            }
            (Opcode::Text | Opcode::Binary, true) => {
                return Err(broken("a message within a message"));
            }
            (_, _) => payload,
        };
        if !head.last {
            let (_, joined) = self
                .fragments
                .get_or_insert_with(|| (head.opcode, BytesMut::new()));
            joined.extend_from_slice(&payload);
            return Ok(None);
        }
        let (opcode, payload) = match self.fragments.take() {
            None => (head.opcode, payload.freeze()),
            Some((opcode, mut joined)) => {
                joined.extend_from_slice(&payload);
                (opcode, joined.freeze())
            }
        };
        Ok(Some(Message::Frame(if opcode == Opcode::Text {
            let text = Text::try_from(payload).map_err(|_| broken("a text that is not UTF-8"))?;
            Frame::Message(text)
        } else {
            Frame::Data(payload)
        })))
    }
}

/// Parses the payload of a close frame (RFC 6455 §5.5.1).
fn close(payload: &[u8]) -> Result<Close, TransportError> {
    let Some((code, reason)) = payload.split_first_chunk::<2>() else {
        return if payload.is_empty() {
            Ok(Close::default())
        } else {
            Err(broken("a close frame with half a code"))
        };
    };
    let reason = std::str::from_utf8(reason).map_err(|_| broken("a reason that is not UTF-8"))?;
    Ok(Close {
        code: Some(u16::from_be_bytes(*code)),
        reason: reason.to_owned().into(),
    })
}

fn broken(rule: &'static str) -> TransportError {
    TransportError::Protocol(rule.to_owned())
}
