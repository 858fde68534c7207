//! WebSocket by hand: clients that violate the protocol, stop in the middle of a frame or never
//! read.
//!
//! | file | contents |
//! |---|---|
//! | `host` | the location of the engine |
//! | `opcode` | types of frames, and the frame headers of a client |
//! | `socket` | a connection: the handshake, and its two halves |
//! | `refused` | why a connection was refused |
//! | `listener` | the receiving half |
//! | `control` | a worker's connection: messages, channels |

mod control;
mod host;
mod listener;
mod opcode;
mod refused;
mod socket;

pub(crate) use control::Control;
pub(crate) use host::Host;
pub(crate) use listener::{Heard, Listener};
pub(crate) use opcode::{Opcode, frame, head};
pub(crate) use refused::Refused;
pub(crate) use socket::Socket;
