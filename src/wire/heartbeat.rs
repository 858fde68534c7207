use std::time::Duration;

/// Handshake header of a channel by which a client requests heartbeats and the engine promises
/// them. The value is their interval in milliseconds. Other engines ignore it.
///
/// The heartbeat is an unsolicited pong (RFC 6455 §5.5.3), so it needs no answer. An end whose code
/// is busy cannot answer, and bytes that a reader sends can cost it the end of its stream
/// (`docs/protocol.md` section 8.2).
pub(crate) const HEARTBEAT: &str = "x-pipewright-heartbeat";

/// Payload of a heartbeat to a writer whose engine has room and has received nothing since the last
/// heartbeat.
///
/// A writer under backpressure receives heartbeats without this payload. A writer that receives
/// this payload although it cannot send knows that the network discards its data. If it has sent
/// everything, including its close, some of that data was lost, for example because a length was
/// corrupted.
pub(crate) const HUNGRY: &[u8] = b"hungry";

/// Parses the value of the header.
pub(crate) fn parse_heartbeat(value: &str) -> Option<Duration> {
    let millis: u64 = value.trim().parse().ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

/// Formats the value of the header; the inverse of [`parse_heartbeat`]. The minimum is one
/// millisecond.
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
