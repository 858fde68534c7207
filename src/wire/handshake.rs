//! Headers of the handshake that only pipewright peers send.

/// Header of the handshake response by which an embedded engine identifies itself; its value is the
/// version. An iii engine does not send it.
pub(crate) const ENGINE: &str = "x-pipewright-engine";

/// Handshake header that identifies the worker that owns a connection, control or channel. The
/// value is a random token chosen by the client. Other engines ignore it.
///
/// The engine cannot distinguish an end of a channel whose code is busy from one whose process has
/// stopped. The control connection of a live worker always answers. When that connection stops
/// answering, the engine can close the worker's channel ends.
pub(crate) const OWNER: &str = "x-pipewright-owner";

/// Handshake header of a control connection in which each side states the largest message, in
/// bytes, that it accepts. The client sends it in the request, the engine in the response.
///
/// A peer that does not send it receives messages up to the limit of its SDK (`docs/protocol.md`
/// section 1.5).
pub(crate) const MESSAGE_LIMIT: &str = "x-pipewright-max-message";

/// The minimum, so that the first messages of a connection fit.
const LEAST: usize = 4 << 10;

/// Parses the value of the header, a number of bytes. Returns `None` for anything else.
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
