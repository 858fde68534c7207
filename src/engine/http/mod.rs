//! The HTTP part of a connection: requests are answered with a page, refused, or upgraded to
//! WebSocket, which ends this part.
//!
//! | file | contents |
//! |---|---|
//! | `accept` | serves a connection until it is upgraded |
//! | `routes` | handles each request |
//! | `guard` | checks origin, host and token |
//! | `upgrade` | the response to a WebSocket handshake |
//! | `refused` | the response to a refused request |
//! | `patience` | a stream with a write timeout |

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
