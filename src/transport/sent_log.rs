use std::collections::VecDeque;

use crate::wire::Text;

/// The cost of a kept message in bytes, in addition to its text.
const ENTRY: usize = 64;

/// The messages of one connection that its peer may not have received, so that they can be sent
/// again on the next connection (`docs/protocol.md` section 2.7). Synchronous, without I/O.
///
/// Messages are numbered from 1. Those that are not part of a call are counted but not kept, because
/// a new connection states them anew. The holder bounds the bytes with [`shed`](Self::shed); a
/// message that was shed cannot be sent again.
#[derive(Debug, Default)]
pub(crate) struct SentLog {
    /// Number of the last message that was sent.
    sent: u64,
    /// In order of their numbers.
    kept: VecDeque<(u64, Text)>,
    bytes: usize,
    /// Number of the last message that was shed.
    shed: u64,
}

impl SentLog {
    /// Counts a message, and keeps it if it is part of a call. Returns the bytes that it adds.
    pub(crate) fn sent(&mut self, message: &Text, part_of_call: bool) -> usize {
        self.sent += 1;
        if !part_of_call {
            return 0;
        }
        self.kept.push_back((self.sent, message.clone()));
        let bytes = message.len() + ENTRY;
        self.bytes += bytes;
        bytes
    }

    /// The peer has received the first `count` messages. Returns the bytes that become free.
    pub(crate) fn acknowledge(&mut self, count: u64) -> usize {
        let before = self.bytes;
        while self
            .kept
            .front()
            .is_some_and(|(number, _)| *number <= count)
        {
            self.drop_oldest();
        }
        before - self.bytes
    }

    /// Drops the oldest message. Returns the bytes that become free.
    pub(crate) fn shed(&mut self) -> usize {
        let before = self.bytes;
        if let Some(number) = self.drop_oldest() {
            self.shed = number;
        }
        before - self.bytes
    }

    fn drop_oldest(&mut self) -> Option<u64> {
        let (number, message) = self.kept.pop_front()?;
        self.bytes -= message.len() + ENTRY;
        Some(number)
    }

    /// Bytes of the kept messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Whether every message after the first `count` can be sent again. False for a position beyond
    /// what was sent.
    pub(crate) fn covers(&self, count: u64) -> bool {
        count <= self.sent && self.shed <= count
    }

    /// The kept messages after the first `count`, in order.
    pub(crate) fn into_unreceived(mut self, count: u64) -> Vec<Text> {
        self.acknowledge(count);
        self.kept.into_iter().map(|(_, message)| message).collect()
    }
}

/// Counts the messages that arrive on one connection, and decides when to acknowledge them.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Receipts {
    count: u64,
    acknowledged: u64,
    /// Bytes since the last acknowledgement.
    bytes: usize,
}

impl Receipts {
    /// Unacknowledged messages and bytes after which an acknowledgement is due: few enough that the
    /// peer keeps little, and enough that acknowledgements cost little.
    const MESSAGES: u64 = 256;
    const BYTES: usize = 64 << 10;

    /// Counts a message of `len` bytes. Returns the number of messages if an acknowledgement is due.
    pub(crate) fn received(&mut self, len: usize) -> Option<u64> {
        self.count += 1;
        self.bytes = self.bytes.saturating_add(len);
        if self.count - self.acknowledged < Self::MESSAGES && self.bytes < Self::BYTES {
            return None;
        }
        self.acknowledged = self.count;
        self.bytes = 0;
        Some(self.count)
    }

    /// Number of messages that have arrived.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::{Receipts, SentLog};
    use crate::wire::Text;

    fn log(messages: &[(&str, bool)]) -> SentLog {
        let mut log = SentLog::default();
        for (message, part_of_call) in messages {
            log.sent(&Text::from(*message), *part_of_call);
        }
        log
    }

    fn rest(log: SentLog, count: u64) -> Vec<String> {
        let rest = log.into_unreceived(count);
        rest.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn messages_that_were_not_received_are_sent_again_in_order() {
        let messages = [("a", true), ("ping", false), ("b", true), ("c", true)];
        assert_eq!(rest(log(&messages), 0), ["a", "b", "c"]);
        assert_eq!(rest(log(&messages), 1), ["b", "c"]);
        assert_eq!(rest(log(&messages), 2), ["b", "c"]);
        assert!(rest(log(&messages), 4).is_empty());
    }

    #[test]
    fn acknowledged_messages_are_dropped_and_their_bytes_are_free() {
        let mut log = log(&[("a", true), ("b", true)]);
        let held = log.bytes();
        assert_eq!(log.acknowledge(1), held / 2);
        assert_eq!(log.acknowledge(1), 0);
        assert_eq!(log.acknowledge(2), held / 2);
        assert_eq!(log.bytes(), 0);
        assert!(log.covers(2));
    }

    #[test]
    fn positions_beyond_and_before_the_log_are_not_covered() {
        let mut log = log(&[("a", true), ("b", true), ("ping", false)]);
        assert!(log.covers(0) && log.covers(3) && !log.covers(4));
        assert!(log.shed() > 0);
        assert!(!log.covers(0) && log.covers(1));
        log.shed();
        assert_eq!(log.shed(), 0);
        assert!(!log.covers(1) && log.covers(2));
    }

    #[test]
    fn acknowledgement_is_due_after_many_messages_or_bytes() {
        let mut receipts = Receipts::default();
        let due: Vec<_> = (0..600).filter_map(|_| receipts.received(1)).collect();
        assert_eq!(due, [256, 512]);
        assert_eq!(receipts.received(Receipts::BYTES), Some(601));
        assert_eq!(receipts.received(1), None);
        assert_eq!(receipts.count(), 602);
    }
}
