use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};

use super::super::behaviour::Behaviour;
use super::super::owners::{Owners, Ownership, Part};
use crate::wire::{
    ENGINE, HEARTBEAT, MESSAGE_LIMIT, OWNER, REATTACH, REQUESTED, heartbeat_value, parse_heartbeat,
    parse_message_limit,
};

/// Minimum heartbeat interval for clients.
const FASTEST: Duration = Duration::from_millis(50);

/// Maximum length of an owner's name; a UUID has 36 bytes.
const LONGEST_NAME: usize = 64;

/// Handshake headers of pipewright clients that extend the protocol.
pub(in crate::engine) struct HandshakeExtensions {
    /// The requested heartbeat interval, if any.
    pub(in crate::engine) heartbeat: Option<Duration>,
    pub(in crate::engine) ownership: Ownership,
    /// The client's limit for control messages in bytes, if it states one.
    pub(in crate::engine) message_limit: Option<usize>,
    /// How long the calls of the control connection are kept after its loss, if the client asked
    /// for it.
    pub(in crate::engine) reattach_within: Option<Duration>,
}

/// The engine's own settings for control connections.
#[derive(Clone, Copy)]
pub(in crate::engine) struct EngineExtensions {
    /// Its message limit in bytes.
    pub(in crate::engine) message_limit: usize,
    /// The interval at which it expects a heartbeat.
    pub(in crate::engine) ping_every: Duration,
    /// How long it keeps the calls of a lost connection; zero if it does not.
    pub(in crate::engine) reattach_within: Duration,
    pub(in crate::engine) behaviour: Behaviour,
}

impl HandshakeExtensions {
    /// Negotiates with a client, through the headers of the `response`.
    pub(in crate::engine) fn agree(
        request: &HeaderMap,
        response: &mut HeaderMap,
        part: Part,
        owners: &Arc<Owners>,
        own: EngineExtensions,
    ) -> Self {
        if own.behaviour.is_iii() {
            return Self {
                heartbeat: None,
                ownership: Ownership::unknown(),
                message_limit: None,
                reattach_within: None,
            };
        }
        response.insert(ENGINE, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        let said = |name| request.get(name).and_then(|value| value.to_str().ok());
        let heartbeat = said(HEARTBEAT)
            .and_then(parse_heartbeat)
            .map(|asked| asked.max(FASTEST));
        // On a channel the engine promises heartbeats; on a control connection it expects them.
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
        let reattaches = part == Part::Control
            && said(REATTACH) == Some(REQUESTED)
            && !own.reattach_within.is_zero();
        let reattach_within = reattaches.then_some(own.reattach_within);
        let within = reattach_within
            .map(heartbeat_value)
            .map(HeaderValue::try_from);
        if let Some(Ok(within)) = within {
            response.insert(REATTACH, within);
        }
        Self {
            heartbeat,
            ownership,
            message_limit,
            reattach_within,
        }
    }
}
