use std::time::Duration;

/// The header of a channel's handshake by which a client asks for signs of life, and by which the
/// engine promises them: their distance in milliseconds. Engines that do not know it say nothing.
///
/// The sign is a pong that nobody asked for (RFC 6455 §5.5.3). It asks for no answer, because an end
/// whose code does something else cannot give one, and because what a reader sends can cost it the
/// end of its stream (`docs/protocol.md` section 8.2).
pub(crate) const HEARTBEAT: &str = "x-pipewright-heartbeat";

/// What is in a sign of life for a writer whose engine takes all that comes, and has got nothing
/// since the last sign.
///
/// A writer that is held back hears signs without it. One that gets nothing rid of although its
/// engine is hungry stands before a line that swallows what it sends. One that has sent everything,
/// its close included, has lost a part of it, for example to a length that was damaged.
pub(crate) const HUNGRY: &[u8] = b"hungry";

/// Reads the value of the header.
pub(crate) fn parse_heartbeat(value: &str) -> Option<Duration> {
    let millis: u64 = value.trim().parse().ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// Writes the value of the header; the inverse of [`parse_heartbeat`]. Less than a millisecond is
/// one.
pub(crate) fn heartbeat_value(every: Duration) -> String {
    let millis = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
    millis.max(1).to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{heartbeat_value, parse_heartbeat};

    #[test]
    fn a_distance_survives_a_round_trip() {
        for millis in [1, 250, 20_000, u64::MAX] {
            let every = Duration::from_millis(millis);
            assert_eq!(parse_heartbeat(&heartbeat_value(every)), Some(every));
        }
        assert_eq!(heartbeat_value(Duration::ZERO), "1");
    }

    #[test]
    fn what_is_no_distance_asks_for_nothing() {
        for value in ["", "0", "-1", "1.5", "soon", "99999999999999999999"] {
            assert_eq!(parse_heartbeat(value), None, "{value}");
        }
    }
}
