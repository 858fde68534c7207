use std::borrow::Cow;
use std::fmt;

/// Status codes of a close frame (RFC 6455 §7.4.1) that have a meaning for channels.
pub(crate) mod code {
    /// The stream ended and is complete.
    pub(crate) const NORMAL: u16 = 1000;
    /// A frame exceeded the limit.
    pub(crate) const TOO_BIG: u16 = 1009;
    /// The other end disconnected before the stream ended (`docs/protocol.md` section 4.3).
    pub(crate) const ABORTED: u16 = 1011;
    /// The engine is stopping; a worker may reconnect. Python SDKs up to 0.23 never reconnect after
    /// 1000 or 1001 (`docs/protocol.md` section 1.6), so the engine sends 1012.
    pub(crate) const RESTART: u16 = 1012;
}

/// The prefix of the reason in the close that a reader sends (`docs/protocol.md` section 4.4).
const READER_MARK: &str = "cancel: ";

/// The prefix of the reason in the close that the writer then receives.
const WRITER_MARK: &str = "channel reader cancelled: ";

/// The content of a close frame: a status code, if the peer sent one, and a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: Option<u16>,
    pub(crate) reason: Cow<'static, str>,
}

impl Close {
    /// The end of a complete stream.
    pub(crate) const NORMAL: Self = Self::new(code::NORMAL, "");
    /// Sent to a reader whose writer was lost. The text is that of the reference engine
    /// (`docs/protocol.md` section 4.3).
    pub(crate) const WRITER_LOST: Self = Self::new(
        code::ABORTED,
        "channel writer aborted: connection lost before close",
    );
    /// Sent to a reader whose writer connected a second time in order to write more.
    pub(crate) const WRITER_CAME_BACK: Self = Self::new(
        code::ABORTED,
        "channel writer aborted: it connected again to write more, so the closed stream was incomplete",
    );
    /// Sent to a writer whose reader disconnected.
    pub(crate) const READER_GONE: Self =
        Self::new(code::ABORTED, "channel reader went away before the end");
    /// Sent to an end whose peer never connected.
    pub(crate) const EXPIRED: Self = Self::new(
        code::ABORTED,
        "channel expired: the other end was never opened",
    );
    /// Sent to a worker that did not answer the keep-alive pings.
    pub(crate) const SILENT: Self = Self::new(
        code::RESTART,
        "the worker did not respond for too long; if a function blocks its thread, run that work with `blocking`",
    );
    /// Sent to every peer when the engine stops.
    pub(crate) const STOPPING: Self = Self::new(code::RESTART, "engine is stopping");

    /// The longest reason of a cancellation, in bytes. The text of a close frame has at most 123
    /// bytes, and the writer's prefix is the longer one.
    pub(crate) const MAX_CANCEL_REASON: usize = 123 - WRITER_MARK.len();

    /// The close of a reader that cancels with a reason. A long reason is truncated.
    pub(crate) fn cancel(reason: &str) -> Self {
        Self::marked(code::NORMAL, READER_MARK, reason)
    }

    /// The close that the writer receives when its reader closes with this one.
    pub(crate) fn for_writer(&self) -> Self {
        match self.reason.strip_prefix(READER_MARK) {
            Some(reason) if self.code == Some(code::NORMAL) => {
                Self::marked(code::ABORTED, WRITER_MARK, reason)
            }
            _ => Self::READER_GONE,
        }
    }

    /// The reader's reason, taken from the close that its writer received.
    pub(crate) fn cancelled(&self) -> Option<&str> {
        let reason = self.reason.strip_prefix(WRITER_MARK)?;
        (self.code == Some(code::ABORTED)).then_some(reason)
    }

    /// Whether this close means that the reader left.
    pub(crate) fn is_reader_gone(&self) -> bool {
        *self == Self::READER_GONE || self.cancelled().is_some()
    }

    fn marked(code: u16, mark: &str, reason: &str) -> Self {
        let mut end = Self::MAX_CANCEL_REASON.min(reason.len());
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Self {
            code: Some(code),
            reason: Cow::Owned(format!("{mark}{}", &reason[..end])),
        }
    }

    pub(crate) const fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code: Some(code),
            reason: Cow::Borrowed(reason),
        }
    }

    /// Whether this close ends a complete stream: no code, or 1000 (`docs/protocol.md` section
    /// 12.6).
    pub(crate) fn is_clean(&self) -> bool {
        matches!(self.code, None | Some(code::NORMAL))
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => f.write_str("closed without a code")?,
            Some(code) => write!(f, "closed with code {code}")?,
        }
        if self.reason.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Close;

    #[test]
    fn reasons_of_readers_are_cut_at_characters() {
        let reason = "\u{e4}".repeat(100);
        let close = Close::cancel(&reason).for_writer();
        assert!(close.reason.len() <= 123, "{}", close.reason.len());
        let seen = close.cancelled().unwrap();
        assert!(reason.starts_with(seen));
        assert_eq!(seen.len(), Close::MAX_CANCEL_REASON / 2 * 2);
    }

    #[test]
    fn closes_of_plain_readers_carry_no_reason() {
        for close in [
            Close::default(),
            Close::NORMAL,
            Close::new(1000, "done"),
            Close::new(1011, "cancel: x"),
        ] {
            assert_eq!(close.for_writer(), Close::READER_GONE);
        }
        assert_eq!(Close::READER_GONE.cancelled(), None);
        assert_eq!(
            Close::new(1000, "channel reader cancelled: x").cancelled(),
            None
        );
    }
}
