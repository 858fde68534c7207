use std::sync::Arc;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderValue};

use super::behaviour::Behaviour;
use super::owners::{Owners, Ownership, Part};
use crate::wire::{ENGINE, HEARTBEAT, OWNER, heartbeat_value, parse_heartbeat};

/// No client is given signs of life more often: they are work.
const FASTEST: Duration = Duration::from_millis(50);

/// The longest name of an owner; a UUID takes 36 bytes.
const LONGEST_NAME: usize = 64;

/// What pipewright's clients say and ask for in the headers of a handshake, beside the protocol.
pub(super) struct Terms {
    /// How often the client of a channel is to have a sign of life, if it has asked.
    pub(super) heartbeat: Option<Duration>,
    pub(super) ownership: Ownership,
}

impl Terms {
    /// Agrees with the client of a request, in the headers of the `response`.
    pub(super) fn agree(
        request: &HeaderMap,
        response: &mut HeaderMap,
        part: Part,
        owners: &Arc<Owners>,
        behaviour: Behaviour,
    ) -> Self {
        if behaviour.is_iii() {
            return Self {
                heartbeat: None,
                ownership: Ownership::unknown(),
            };
        }
        response.insert(ENGINE, HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        let said = |name| request.get(name).and_then(|value| value.to_str().ok());
        let heartbeat = said(HEARTBEAT)
            .filter(|_| part == Part::Channel)
            .and_then(parse_heartbeat)
            .map(|asked| asked.max(FASTEST));
        let promise = heartbeat.map(heartbeat_value).map(HeaderValue::try_from);
        if let Some(Ok(promise)) = promise {
            response.insert(HEARTBEAT, promise);
        }
        let ownership = match said(OWNER) {
            Some(name) if name.len() <= LONGEST_NAME => owners.add(name, part),
            _ => Ownership::unknown(),
        };
        Self {
            heartbeat,
            ownership,
        }
    }
}
