//! The HTTP part of a connection. Each request is answered with a page, refused, or upgraded to
//! WebSocket, which ends this part.
//!
//! | file | contents |
//! |---|---|
//! | `accept` | serves a connection until it is upgraded |
//! | `routes` | handles each request |
//! | `guard` | checks origin, host and token |
//! | `upgrade` | the response to a WebSocket handshake |
//! | `refused` | the response to a refused request |
//! | `write_timeout` | a stream with a write timeout |

mod accept;
mod guard;
mod refused;
mod routes;
mod upgrade;
mod write_timeout;

use guard::Guard;
use refused::Refused;
use routes::Routes;
use write_timeout::WriteTimeout;

pub(super) use accept::{Accepted, accept};
pub(super) use routes::Route;
