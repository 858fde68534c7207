//! WebSocket: the handshake by tokio-tungstenite, the frames by our own codec.
//!
//! Only `dial` names the library. For each frame, the library copies the payload into a write
//! buffer, moves the rest of that buffer after each partial write, and clears the read buffer
//! before each read. This codec writes payloads in place and returns slices of the read buffer.
//! Tests compare both, byte by byte.
//!
//! | file | contents |
//! |---|---|
//! | `dial` | opens connections: TCP, TLS, handshake |
//! | `head` | parses and encodes frame headers (RFC 6455 §5.2) |
//! | `mask` | masking of payloads |
//! | `incoming` | bytes to messages, a state machine without I/O |
//! | `outgoing` | messages to bytes, likewise |
//! | `buffers` | the pool of read buffers |
//! | `connection` | both state machines over a socket, as a [`Transport`](super::Transport) |

mod buffers;
#[cfg(feature = "engine")]
mod charge;
mod connection;
mod dial;
mod handshake_stream;
mod head;
mod incoming;
mod mask;
mod outgoing;
mod request_head;
#[cfg(test)]
mod tests;

pub(crate) use connection::WebSocket;
pub(crate) use dial::WebSocketDialer;
#[cfg(feature = "engine")]
pub(crate) use dial::accept_key;

/// What one connection accepts from its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebSocketLimits {
    /// Maximum number of bytes in one frame.
    pub(crate) frame: usize,
    /// Maximum number of bytes in one message, which may be fragmented.
    pub(crate) message: usize,
    /// Bytes to read from the socket at once under load.
    pub(crate) read_buffer: usize,
}

impl WebSocketLimits {
    /// Control sockets: results of up to 64 MiB, fragmented or not (`docs/protocol.md` section
    /// 1.5).
    pub(crate) const CONTROL: Self = Self {
        frame: 64 << 20,
        message: 64 << 20,
        read_buffer: 64 << 10,
    };
    /// Channel sockets: the limits of the reference engine (`docs/protocol.md` section 4.2).
    pub(crate) const CHANNEL: Self = Self {
        frame: 16 << 20,
        message: 64 << 20,
        read_buffer: 256 << 10,
    };
}

/// The side of a connection. It determines who masks (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Masks every frame that it sends.
    Client(Masking),
    /// Sends unmasked frames and accepts only masked ones.
    Server,
}

/// How a client chooses its masking keys.
///
/// RFC 6455 §5.3 requires unpredictable keys. They prevent browser pages from sending bytes that a
/// proxy mistakes for HTTP (§10.3). Where there can be no proxy, key 0 is valid and saves both
/// sides the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Masking {
    /// A random key for each frame, for unencrypted connections to other machines.
    Random,
    /// Always 0, for connections within the machine and encrypted connections.
    Zero,
}
