use serde::Deserialize;
use serde_json::json;

use super::super::calls::delivery::Deliveries;
use super::super::member::Member;
use super::super::workers::announcement;
use super::function_list::FunctionList;
use super::listings;
use super::payload::{payload, request};
use super::worker_list::WorkerList;
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
        builtin::FUNCTIONS_LIST => Some(member.costly(|| list_functions(member))),
        builtin::WORKERS_LIST => Some(member.costly(|| list_workers(member))),
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

/// The functions, chosen under the lock of the tables and written after it.
fn list_functions(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    let tables = member.tables();
    let room = listings::room(member);
    let list = FunctionList::chosen(&tables.registry, &tables.calls, room);
    drop(tables);
    list.written()
}

/// The workers, chosen under the lock of the tables and written after it.
fn list_workers(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    let tables = member.tables();
    let room = listings::room(member);
    let list = WorkerList::chosen(&tables.registry, &tables.calls, room);
    drop(tables);
    payload(&list)
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
