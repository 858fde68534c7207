//! The engine's lists of channels and runs, and the length of all lists. They never contain keys or
//! tokens.

use serde::Deserialize;

use super::super::member::Member;
use super::payload::{payload, request};
use crate::engine::core::Core;
use crate::wire::{ErrorBody, Payload};

/// Default number of channels in one list, and the maximum that a caller may request: a list must
/// fit into a control message (`docs/protocol.md` section 1.5).
const CHANNELS: usize = 1000;
const MOST_CHANNELS: usize = 10_000;

/// Default number of runs in one list, and the maximum that a caller may request.
const RUNS: usize = 20;
const MOST_RUNS: usize = 200;

/// Maximum length of a list in bytes. With its message, it fits into the limit of every engine and
/// most SDKs (`docs/protocol.md` section 1.5).
const LONGEST: usize = 15 << 20;

/// Room for the rest of the message: its ids and the context of the call.
const AROUND: usize = 16 << 10;

/// Maximum length of an entry in the list of channels, whose strings are ids of the engine.
const CHANNEL: usize = 512;

/// Maximum length of a list for the worker that requests it.
pub(super) fn room(member: &Member<'_>) -> usize {
    let limit = member.outbox.message_limit();
    limit.saturating_sub(AROUND).min(LONGEST)
}

/// `engine::channels::list`.
pub(in crate::engine::control) fn channels(
    member: &Member<'_>,
    data: &Payload,
    core: &Core,
) -> Result<Payload, ErrorBody> {
    let limit = limit(data, CHANNELS, MOST_CHANNELS)?;
    payload(&core.channels.list(limit.min(room(member) / CHANNEL)))
}

/// `engine::runs::list`.
pub(in crate::engine::control) fn runs(
    member: &Member<'_>,
    data: &Payload,
    core: &Core,
) -> Result<Payload, ErrorBody> {
    let (mut limit, room) = (limit(data, RUNS, MOST_RUNS)?, room(member));
    loop {
        let Some(runs) = core.runs.list(limit, |ids| core.channels.look(ids)) else {
            let message = "the engine keeps no record of runs: its dashboard is switched off";
            return Err(ErrorBody::new(ErrorBody::FUNCTION_NOT_FOUND, message));
        };
        let list = payload(&runs)?;
        let len = list.as_json().len();
        if len <= room {
            return Ok(list);
        }
        if limit == 0 {
            let message = format!("the list has {len} bytes, over the limit of {room}");
            return Err(ErrorBody::new(ErrorBody::PAYLOAD_TOO_LARGE, message));
        }
        limit /= 2;
    }
}

/// The requested length of a list, at most `most`.
fn limit(data: &Payload, unless_told: usize, most: usize) -> Result<usize, ErrorBody> {
    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        limit: Option<usize>,
    }
    let Request { limit } = request(data, r#"{"limit": 100}"#)?;
    Ok(limit.unwrap_or(unless_told).min(most))
}
