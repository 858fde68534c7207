//! The HTTP part of a connection: requests that are answered with a page, refused, or upgraded to
//! WebSocket, which ends this part.
//!
//! | file | holds |
//! |---|---|
//! | `accept` | serves a connection until it is upgraded |
//! | `routes` | decides each request |
//! | `guard` | who may ask: origin, name, token |
//! | `upgrade` | the answer to a WebSocket handshake |
//! | `refused` | the answer to anything that is not served |
//! | `patience` | a stream that gives up a client which does not read |

mod accept;
mod guard;
mod patience;
mod refused;
mod routes;
mod upgrade;

use guard::Guard;
use patience::Patience;
use refused::Refused;
use routes::Routes;

pub(super) use accept::{Accepted, Route, accept};
