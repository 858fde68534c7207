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
        "channel writer aborted: it came back to write more, so what it closed was not whole",
    );
    /// Sent to a writer whose reader disconnected.
    pub(crate) const READER_GONE: Self =
        Self::new(code::ABORTED, "channel reader went away before the end");
    /// Sent to an end whose peer never connected.
    pub(crate) const EXPIRED: Self = Self::new(
        code::ABORTED,
        "channel expired: the other end was never opened",
    );
    /// Sent to a worker that the keep-alive found silent.
    pub(crate) const SILENT: Self = Self::new(
        code::RESTART,
        "no sign of life for too long; if a function blocks its thread, run that work with `blocking`",
    );
    /// Sent to every peer when the engine stops.
    pub(crate) const STOPPING: Self = Self::new(code::RESTART, "engine is stopping");

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
