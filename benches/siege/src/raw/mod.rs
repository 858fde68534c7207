//! WebSocket by hand: clients that break rules, stop in the middle of a frame or never read.
//!
//! | file | holds |
//! |---|---|
//! | `host` | where the engine is |
//! | `opcode` | kinds of frames, and heads of those that a client sends |
//! | `socket` | a connection: the handshake, and its two halves |
//! | `refused` | why there is none |
//! | `listener` | the half that receives |
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
