use std::borrow::Cow;
use std::fmt;

/// Status codes of a close frame (RFC 6455 §7.4.1) that mean something to channels.
pub(crate) mod code {
    /// The stream is over and whole.
    pub(crate) const NORMAL: u16 = 1000;
    /// A frame was over the limit.
    pub(crate) const TOO_BIG: u16 = 1009;
    /// The other end went away before the stream was over (`docs/protocol.md` section 4.3).
    pub(crate) const ABORTED: u16 = 1011;
    /// The engine is stopping; a worker may come back. Not 1000 or 1001, which Python SDKs up to
    /// 0.23 take for a reason never to reconnect (`docs/protocol.md` section 1.6).
    pub(crate) const RESTART: u16 = 1012;
}

/// The content of a close frame: a status code, absent where the peer gave none, and a reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Close {
    pub(crate) code: Option<u16>,
    pub(crate) reason: Cow<'static, str>,
}

impl Close {
    /// The end of a whole stream.
    pub(crate) const NORMAL: Self = Self::new(code::NORMAL, "");
    /// To a reader whose writer was lost; the words are those of the reference engine
    /// (`docs/protocol.md` section 4.3).
    pub(crate) const WRITER_LOST: Self = Self::new(
        code::ABORTED,
        "channel writer aborted: connection lost before close",
    );
    /// To a reader whose writer dialled a second time, to write more, in vain.
    pub(crate) const WRITER_CAME_BACK: Self = Self::new(
        code::ABORTED,
        "channel writer aborted: it came back to write more, so what it closed was not whole",
    );
    /// To a writer whose reader went away.
    pub(crate) const READER_GONE: Self =
        Self::new(code::ABORTED, "channel reader went away before the end");
    /// To an end whose peer never came.
    pub(crate) const EXPIRED: Self = Self::new(
        code::ABORTED,
        "channel expired: the other end was never opened",
    );
    /// To a worker that gave no sign of life.
    pub(crate) const SILENT: Self = Self::new(
        code::RESTART,
        "no sign of life for too long; if a function blocks its thread, run that work with `blocking`",
    );
    /// To everybody, when the engine stops.
    pub(crate) const STOPPING: Self = Self::new(code::RESTART, "engine is stopping");

    pub(crate) const fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code: Some(code),
            reason: Cow::Borrowed(reason),
        }
    }

    /// Whether this close ends a stream whole: no code, or 1000 (`docs/protocol.md` section 12.6).
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
