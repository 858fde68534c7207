use std::fmt;
use std::num::{NonZeroU64, NonZeroU128};
use std::str::FromStr;

use uuid::Uuid;

/// A position in a trace: the trace, the span, and whether it is recorded. It is sent as
/// `traceparent`, `version-traceid-spanid-flags` (W3C Trace Context §3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace_id: NonZeroU128,
    pub(crate) span_id: NonZeroU64,
    pub(crate) flags: u8,
}

/// The flag of a recorded trace.
const SAMPLED: u8 = 1;

impl TraceContext {
    /// Starts a new trace with random ids. It is marked as recorded so that downstream recorders
    /// record it.
    pub(crate) fn root() -> Self {
        let (trace_id, span_id) = (Uuid::new_v4(), Uuid::new_v4());
        Self {
            // Never zero: the version bits of a UUID are set.
            trace_id: NonZeroU128::new(trace_id.as_u128()).unwrap_or(NonZeroU128::MAX),
            // The half with the variant, whose first bit is set.
            span_id: NonZeroU64::new(span_id.as_u64_pair().1).unwrap_or(NonZeroU64::MAX),
            flags: SAMPLED,
        }
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            trace_id,
            span_id,
            flags,
        } = self;
        write!(f, "00-{trace_id:032x}-{span_id:016x}-{flags:02x}")
    }
}

/// The error for text that is not a valid `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent")]
pub(crate) struct InvalidTraceparent;

impl FromStr for TraceContext {
    type Err = InvalidTraceparent;

    fn from_str(text: &str) -> Result<Self, InvalidTraceparent> {
        let mut parts = text.split('-');
        let version = number(parts.next(), 2)?;
        let trace_id = number(parts.next(), 32)?;
        let span_id = number(parts.next(), 16)?;
        let flags = number(parts.next(), 2)?;
        // Later versions may append fields; version 255 is invalid (W3C Trace Context §3.2.2.1).
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(InvalidTraceparent);
        }
        Ok(Self {
            trace_id: NonZeroU128::new(trace_id).ok_or(InvalidTraceparent)?,
            span_id: u64::try_from(span_id)
                .ok()
                .and_then(NonZeroU64::new)
                .ok_or(InvalidTraceparent)?,
            flags: u8::try_from(flags).map_err(|_| InvalidTraceparent)?,
        })
    }
}

/// Parses `len` lower-case hexadecimal digits.
fn number(digits: Option<&str>, len: usize) -> Result<u128, InvalidTraceparent> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    digits
        .filter(|digits| digits.len() == len && digits.bytes().all(is_digit))
        .and_then(|digits| u128::from_str_radix(digits, 16).ok())
        .ok_or(InvalidTraceparent)
}

#[cfg(test)]
mod tests {
    use super::TraceContext;

    #[test]
    fn what_was_written_is_read_again() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!(context.span_id.get(), 0x00f0_67aa_0ba9_02b7);
        assert_eq!(context.to_string(), text);
        let (first, second) = (TraceContext::root(), TraceContext::root());
        assert_eq!(first.to_string().parse(), Ok(first));
        assert_ne!(first.trace_id, second.trace_id);
        assert_ne!(first.span_id, second.span_id);
    }

    #[test]
    fn a_later_version_may_say_more_and_nothing_else_may() {
        let rest = "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let is_read = |text: String| text.parse::<TraceContext>().is_ok();
        assert!(is_read(format!("01-{rest}-more")));
        assert!(!is_read(format!("00-{rest}-more")));
        assert!(!is_read(format!("ff-{rest}")));
        for wrong in [
            "",
            "00-1-2-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(!is_read(wrong.to_owned()), "{wrong}");
        }
    }
}
