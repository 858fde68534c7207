use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};

use super::behaviour::Behaviour;
use super::owners::{Owners, Ownership, Part};
use crate::wire::{
    ENGINE, HEARTBEAT, MESSAGE_LIMIT, OWNER, heartbeat_value, parse_heartbeat, parse_message_limit,
};

/// No client is given signs of life more often: they are work.
const FASTEST: Duration = Duration::from_millis(50);

/// The longest name of an owner; a UUID takes 36 bytes.
const LONGEST_NAME: usize = 64;

/// What pipewright's clients say and ask for in the headers of a handshake, beside the protocol.
pub(super) struct Terms {
    /// How often the client is to have a sign of life, if it has asked.
    pub(super) heartbeat: Option<Duration>,
    pub(super) ownership: Ownership,
    /// Bytes in one control message that the client takes, if it says so.
    pub(super) message_limit: Option<usize>,
}

/// What the engine itself is, and says of control connections.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// Bytes in one message that it takes.
    pub(super) message_limit: usize,
    /// How often it wants a sign of life.
    pub(super) ping_every: Duration,
    pub(super) behaviour: Behaviour,
}

impl Terms {
    /// Agrees with the client of a request, in the headers of the `response`.
    pub(super) fn agree(
        request: &HeaderMap,
        response: &mut HeaderMap,
        part: Part,
        owners: &Arc<Owners>,
        own: Own,
    ) -> Self {
        if own.behaviour.is_iii() {
            return Self {
                heartbeat: None,
                ownership: Ownership::unknown(),
                message_limit: None,
            };
        }
        response.insert(ENGINE, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        let said = |name| request.get(name).and_then(|value| value.to_str().ok());
        let heartbeat = said(HEARTBEAT)
            .and_then(parse_heartbeat)
            .map(|asked| asked.max(FASTEST));
        // On a channel the engine promises signs, on a control connection it wants them.
        let every = match part {
            Part::Channel => heartbeat,
            Part::Control => heartbeat.map(|_| own.ping_every),
        };
        let promise = every.map(heartbeat_value).map(HeaderValue::try_from);
        if let Some(Ok(promise)) = promise {
            response.insert(HEARTBEAT, promise);
        }
        let ownership = match said(OWNER) {
            Some(name) if name.len() <= LONGEST_NAME => owners.add(name, part),
            _ => Ownership::unknown(),
        };
        let message_limit = if part == Part::Control {
            response.insert(MESSAGE_LIMIT, HeaderValue::from(own.message_limit));
            said(MESSAGE_LIMIT).and_then(parse_message_limit)
        } else {
            None
        };
        Self {
            heartbeat,
            ownership,
            message_limit,
        }
    }
}
