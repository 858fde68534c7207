use std::collections::VecDeque;

use bytes::{Buf, Bytes, BytesMut};

/// Pieces of at least this length are kept as they are. Shorter ones are joined, so that a few
/// bytes do not keep a large read buffer alive.
const KEPT: usize = 16 << 10;

/// Received payload that was not returned yet: the rest of a partly read frame, or the data
/// collected so far by a call that reads everything.
#[derive(Debug, Default)]
pub(super) struct ReadBuffer {
    pieces: VecDeque<Bytes>,
    /// Short pieces after the others, joined.
    short: BytesMut,
    len: usize,
}

impl ReadBuffer {
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The first bytes, as far as they are contiguous.
    pub(super) fn front(&self) -> &[u8] {
        self.pieces.front().map_or(&self.short, |piece| piece)
    }

    /// Appends bytes. The first piece is kept as it is.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let first = self.is_empty();
        self.len += bytes.len();
        if first || bytes.len() >= KEPT {
            if !self.short.is_empty() {
                self.pieces.push_back(self.short.split().freeze());
            }
            self.pieces.push_back(bytes);
        } else {
            self.short.extend_from_slice(&bytes);
        }
    }

    /// Consumes `amount` bytes of the [`front`](Self::front).
    pub(super) fn consume(&mut self, amount: usize) {
        match self.pieces.front_mut() {
            Some(piece) => {
                piece.advance(amount);
                if piece.is_empty() {
                    self.pieces.pop_front();
                }
            }
            None => self.short.advance(amount),
        }
        self.len -= amount;
    }

    /// Takes the first piece.
    pub(super) fn pop(&mut self) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        let piece = self
            .pieces
            .pop_front()
            .unwrap_or_else(|| self.short.split().freeze());
        self.len -= piece.len();
        Some(piece)
    }

    /// Takes everything in one piece, without copying if there is only one.
    pub(super) fn take(&mut self) -> Bytes {
        let first = self.pop().unwrap_or_default();
        if self.is_empty() {
            return first;
        }
        let mut joined = BytesMut::with_capacity(first.len() + self.len);
        joined.extend_from_slice(&first);
        drop(first);
        while let Some(piece) = self.pop() {
            joined.extend_from_slice(&piece);
        }
        joined.freeze()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{KEPT, ReadBuffer};

    #[test]
    fn pieces_of_any_length_come_out_in_order() {
        let lengths = [3, 0, KEPT - 1, KEPT, 1, 2, KEPT + 1, 5];
        let pieces: Vec<Bytes> = (0_u8..)
            .zip(lengths)
            .map(|(n, len)| vec![n; len].into())
            .collect();
        let fill = || {
            let mut rest = ReadBuffer::default();
            for piece in &pieces {
                rest.push(piece.clone());
            }
            rest
        };
        let whole = pieces.concat();
        assert_eq!(fill().len(), whole.len());
        assert_eq!(fill().take(), whole);
        let (mut rest, mut popped) = (fill(), Vec::new());
        while let Some(piece) = rest.pop() {
            popped.extend_from_slice(&piece);
        }
        assert_eq!(popped, whole);
        let (mut rest, mut read) = (fill(), Vec::new());
        while !rest.is_empty() {
            let amount = rest.front().len().min(7000);
            read.extend_from_slice(&rest.front()[..amount]);
            rest.consume(amount);
        }
        assert_eq!(read, whole);
    }

    #[test]
    fn a_single_piece_is_not_copied() {
        let piece = Bytes::from(vec![1; 5]);
        let mut rest = ReadBuffer::default();
        rest.push(piece.clone());
        assert_eq!(rest.take().as_ptr(), piece.as_ptr());
        assert!(rest.take().is_empty());
    }
}
