use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};

use super::behaviour::Behaviour;
use super::owners::{Owners, Ownership, Part};
use crate::wire::{
    ENGINE, HEARTBEAT, MESSAGE_LIMIT, OWNER, heartbeat_value, parse_heartbeat, parse_message_limit,
};

/// Minimum heartbeat interval for clients.
const FASTEST: Duration = Duration::from_millis(50);

/// Maximum length of an owner's name; a UUID has 36 bytes.
const LONGEST_NAME: usize = 64;

/// The handshake headers of pipewright clients, beyond the protocol.
pub(super) struct Terms {
    /// The requested heartbeat interval, if any.
    pub(super) heartbeat: Option<Duration>,
    pub(super) ownership: Ownership,
    /// The client's limit for control messages in bytes, if it states one.
    pub(super) message_limit: Option<usize>,
}

/// The engine's own settings for control connections.
#[derive(Clone, Copy)]
pub(super) struct Own {
    /// Its message limit in bytes.
    pub(super) message_limit: usize,
    /// The interval at which it expects a heartbeat.
    pub(super) ping_every: Duration,
    pub(super) behaviour: Behaviour,
}

impl Terms {
    /// Negotiates with a client, through the headers of the `response`.
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
        // On a channel the engine promises signs of life; on a control connection it expects them.
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
