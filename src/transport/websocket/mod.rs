//! WebSocket: the handshake by tokio-tungstenite, the frames by our own codec.
//!
//! `dial` alone names the library. The frames are ours because of what the library does for each:
//! it copies every payload into a write buffer, moves what is left of that buffer after each
//! partial write, and clears the read buffer before each read. Here a payload is written from where
//! it is and read into the buffer that its frames are then slices of. Both are compared in tests,
//! byte by byte.
//!
//! | file | holds |
//! |---|---|
//! | `dial` | opens connections: TCP, TLS, handshake |
//! | `head` | the head of a frame (RFC 6455 §5.2), read and written |
//! | `mask` | masking of payloads |
//! | `incoming` | bytes to messages, a state machine without I/O |
//! | `outgoing` | messages to bytes, likewise |
//! | `buffers` | the pool that read buffers come from and go back to |
//! | `connection` | the two over a socket, as a [`Transport`](super::Transport) |

mod buffers;
#[cfg(feature = "engine")]
mod charge;
mod connection;
mod dial;
mod head;
mod incoming;
mod mask;
mod outgoing;
mod prelude;
mod request_head;
#[cfg(test)]
mod tests;

pub(crate) use connection::WebSocket;
pub(crate) use dial::WebSocketDialer;
#[cfg(feature = "engine")]
pub(crate) use dial::accept_key;

/// What one connection takes from its peer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WebSocketLimits {
    /// Bytes in one frame.
    pub(crate) frame: usize,
    /// Bytes in one message, which a peer may cut into frames.
    pub(crate) message: usize,
    /// Bytes read from the socket at once, when there is much.
    pub(crate) read_buffer: usize,
}

impl WebSocketLimits {
    /// Control sockets: results of up to 64 MiB, whole or in fragments (`docs/protocol.md` section 1.5).
    pub(crate) const CONTROL: Self = Self {
        frame: 64 << 20,
        message: 64 << 20,
        read_buffer: 64 << 10,
    };
    /// Channel sockets: what the reference engine takes (`docs/protocol.md` section 4.2).
    pub(crate) const CHANNEL: Self = Self {
        frame: 16 << 20,
        message: 64 << 20,
        read_buffer: 256 << 10,
    };
}

/// Which side of a connection this is: it decides who masks (RFC 6455 §5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Masks what it sends, with a key of its choice for each frame.
    Client(Masking),
    /// Sends as it is, and takes masked frames only.
    Server,
}

/// How a client chooses its masking keys.
///
/// RFC 6455 §5.3 asks for keys that nobody can foresee, against pages in a browser that make
/// proxies believe what they want by sending bytes that look like HTTP (§10.3). Where no proxy can
/// be, the key 0 is a key like others to the peer, and spares both sides the work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Masking {
    /// A random key each; for plain connections to other machines.
    Random,
    /// Always 0; for connections within the machine, and encrypted ones.
    Zero,
}
