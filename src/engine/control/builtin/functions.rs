use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::calls::delivery::Deliveries;
use super::super::member::Member;
use super::super::workers::announcement;
use super::listings;
use crate::engine::core::Core;
use crate::wire::{EXTENSIONS, ErrorBody, InvokeFunction, Payload, builtin};

/// Error code: the engine's channel limit is reached.
const TOO_MANY_CHANNELS: &str = "too_many_channels";

/// Runs a function provided by the engine; `None` if there is no such function.
pub(in crate::engine::control) fn call(
    member: &Member<'_>,
    call: &InvokeFunction,
    core: &Core,
    out: &mut Deliveries,
) -> Option<Result<Payload, ErrorBody>> {
    match call.function_id.as_str() {
        builtin::CHANNELS_CREATE => Some(create_channel(member, call, core)),
        builtin::WORKERS_REGISTER => Some(register_worker(member, &call.data, core, out)),
        builtin::RUNS_LIST | builtin::CHANNELS_LIST if core.limits.behaviour.is_iii() => None,
        builtin::RUNS_LIST => Some(member.costly(|| listings::runs(member, &call.data, core))),
        builtin::CHANNELS_LIST => {
            Some(member.costly(|| listings::channels(member, &call.data, core)))
        }
        builtin::FUNCTIONS_LIST => Some(member.costly(|| listings::functions(member))),
        builtin::WORKERS_LIST => Some(member.costly(|| listings::workers(member))),
        _ => None,
    }
}

fn create_channel(
    member: &Member<'_>,
    call: &InvokeFunction,
    core: &Core,
) -> Result<Payload, ErrorBody> {
    /// The fields that the reference engine reads (`docs/protocol.md` section 3).
    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        buffer_size: Option<u64>,
    }
    let Request { buffer_size } = request(&call.data, r#"{"buffer_size": 64}"#)?;
    let refs = core
        .channels
        .create(&member.identity(), core.limits.pipe(buffer_size))
        .map_err(|refused| {
            core.metrics.refused(refused.into());
            ErrorBody::new(TOO_MANY_CHANNELS, refused.to_string())
        })?;
    let (id, metadata) = (&refs.reader.channel_id, call.metadata.as_ref());
    let name = member.name();
    core.runs.created(id, &member.id, name.as_deref(), metadata);
    payload(&refs)
}

fn register_worker(
    member: &Member<'_>,
    data: &Payload,
    core: &Core,
    out: &mut Deliveries,
) -> Result<Payload, ErrorBody> {
    let mut about = announcement::about(data)
        .map_err(|reason| ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, reason))?;
    if core.limits.behaviour.is_iii() {
        about.remove(EXTENSIONS);
    }
    member.announce(about, core, out);
    payload(&json!({ "success": true }))
}

/// Parses the request of a function; `example` appears in the error for an invalid one.
pub(in crate::engine::control) fn request<T: DeserializeOwned>(
    data: &Payload,
    example: &str,
) -> Result<T, ErrorBody> {
    let bad = |message| ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, message);
    // Only an object: serde would also accept an array for a struct.
    if !data.as_json().starts_with('{') {
        return Err(bad(format!("expected an object such as {example}")));
    }
    data.parse().map_err(|error| bad(error.to_string()))
}

/// A result in its wire form.
pub(in crate::engine::control) fn payload<T: Serialize>(value: &T) -> Result<Payload, ErrorBody> {
    Payload::new(value)
        .map_err(|error| ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, error.to_string()))
}
