/// The header of a control handshake by which each side says how many bytes one message may have
/// that it takes. The client says it in its request, the engine in its answer.
///
/// A peer that says nothing is sent what its SDK takes (`docs/protocol.md` section 1.5).
pub(crate) const MESSAGE_LIMIT: &str = "x-pipewright-max-message";

/// No peer takes less: the messages that a connection begins with have to fit.
const LEAST: usize = 4 << 10;

/// Reads the value of the header, a number of bytes. A value that is no number is none.
pub(crate) fn parse_message_limit(value: &str) -> Option<usize> {
    let limit: usize = value.trim().parse().ok()?;
    Some(limit.max(LEAST))
}

#[cfg(test)]
mod tests {
    use super::{LEAST, parse_message_limit};

    #[test]
    fn limit_is_a_number_of_bytes() {
        assert_eq!(parse_message_limit(" 65536 "), Some(65_536));
        assert_eq!(parse_message_limit("1"), Some(LEAST));
        for value in ["", "-1", "1 MiB", "99999999999999999999"] {
            assert_eq!(parse_message_limit(value), None, "{value}");
        }
    }
}
