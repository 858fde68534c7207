use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::registry::{Function, Worker};
use super::switchboard::{Deliveries, Member};
use crate::engine::core::Core;
use crate::wire::{ErrorBody, InvokeFunction, Payload, builtin};

/// More channels than the engine takes.
const TOO_MANY_CHANNELS: &str = "too_many_channels";

/// Carries out a function that the engine itself provides; `None` if it provides no such one.
pub(super) fn call(
    member: &Member<'_>,
    call: &InvokeFunction,
    core: &Core,
    out: &mut Deliveries,
) -> Option<Result<Payload, ErrorBody>> {
    match call.function_id.as_str() {
        builtin::CHANNELS_CREATE => Some(create_channel(&call.data, core)),
        builtin::WORKERS_REGISTER => Some(register_worker(member, &call.data, out)),
        builtin::FUNCTIONS_LIST => Some(list_functions(member)),
        builtin::WORKERS_LIST => Some(list_workers(member)),
        _ => None,
    }
}

fn create_channel(data: &Payload, core: &Core) -> Result<Payload, ErrorBody> {
    /// What the reference engine reads (`protocol.md` section 3).
    #[derive(Deserialize)]
    struct Request {
        #[serde(default)]
        buffer_size: Option<u64>,
    }
    // Only an object: serde would take an array for a struct too.
    if !data.as_json().starts_with('{') {
        return Err(ErrorBody::new(
            ErrorBody::DESERIALIZATION_ERROR,
            r#"expected an object such as {"buffer_size": 64}"#,
        ));
    }
    let Request { buffer_size } = data
        .parse()
        .map_err(|error| ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, error.to_string()))?;
    let refs = core
        .channels
        .create(core.limits.pipe(buffer_size))
        .map_err(|refused| ErrorBody::new(TOO_MANY_CHANNELS, refused.to_string()))?;
    payload(&refs)
}

fn register_worker(
    member: &Member<'_>,
    data: &Payload,
    out: &mut Deliveries,
) -> Result<Payload, ErrorBody> {
    // Fields are kept as they are, whatever their types: nothing here depends on them.
    let about = data
        .parse::<Map<String, Value>>()
        .map_err(|error| ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, error.to_string()))?;
    member.announce(about, out);
    payload(&json!({ "success": true }))
}

fn list_functions(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    #[derive(Serialize)]
    struct Listed<'a> {
        function_id: &'a str,
        namespace: &'a str,
        worker_id: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        request_format: Option<&'a Payload>,
        #[serde(skip_serializing_if = "Option::is_none")]
        response_format: Option<&'a Payload>,
        #[serde(skip_serializing_if = "Option::is_none")]
        metadata: Option<&'a Payload>,
    }
    #[derive(Serialize)]
    struct List<'a> {
        functions: Vec<Listed<'a>>,
    }
    fn listed<'a>((namespace, function): (&'a str, &'a Function)) -> Listed<'a> {
        let registered = &function.registered;
        Listed {
            function_id: &registered.id,
            namespace,
            worker_id: &function.owner,
            description: registered.description.as_deref(),
            request_format: registered.request_format.as_ref(),
            response_format: registered.response_format.as_ref(),
            metadata: registered.metadata.as_ref(),
        }
    }
    let tables = member.tables();
    let mut functions: Vec<_> = tables.registry.functions().map(listed).collect();
    functions.sort_unstable_by_key(|listed| (listed.namespace, listed.function_id));
    payload(&List { functions })
}

fn list_workers(member: &Member<'_>) -> Result<Payload, ErrorBody> {
    /// What a worker may say of itself to others (`protocol.md` 1.3).
    const TOLD: [&str; 6] = ["name", "runtime", "version", "description", "os", "pid"];
    fn listed(id: &str, worker: &Worker) -> Value {
        let mut listed = Map::new();
        listed.insert("worker_id".to_owned(), id.into());
        listed.insert("namespace".to_owned(), worker.namespace.as_str().into());
        listed.insert("functions".to_owned(), worker.functions.len().into());
        for name in TOLD {
            if let Some(value) = worker.about.get(name).filter(|value| !value.is_null()) {
                listed.insert(name.to_owned(), value.clone());
            }
        }
        listed.into()
    }
    let tables = member.tables();
    let workers: Vec<Value> = tables
        .registry
        .workers()
        .map(|(id, worker)| listed(id, worker))
        .collect();
    payload(&json!({ "workers": workers }))
}

fn payload<T: Serialize>(value: &T) -> Result<Payload, ErrorBody> {
    Payload::new(value)
        .map_err(|error| ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, error.to_string()))
}
