use serde::{Deserialize, Serialize};

use super::{
    CancelInvocation, FunctionActive, InvocationResult, InvokeFunction, Reattach, Reattached,
    Received, RegisterFunction, RegisterTrigger, RegistrationRejected, TriggerRegistrationResult,
    UnregisterFunction, WorkerRegistered,
};
use crate::wire::Text;

/// Any message of the control socket.
#[derive(Clone, Debug)]
pub(crate) enum ControlMessage {
    WorkerRegistered(WorkerRegistered),
    RegistrationRejected(RegistrationRejected),
    Reattach(Reattach),
    Reattached(Reattached),
    Received(Received),
    RegisterFunction(RegisterFunction),
    UnregisterFunction(UnregisterFunction),
    InvokeFunction(InvokeFunction),
    InvocationResult(InvocationResult),
    RegisterTrigger(RegisterTrigger),
    TriggerRegistrationResult(TriggerRegistrationResult),
    Ping,
    Pong,
    CancelInvocation(CancelInvocation),
    FunctionActive(FunctionActive),
    /// A worker unregisters all its functions. It asks to be notified when every call that was
    /// forwarded to it has been answered.
    Drain,
    /// The answer to a [`Drain`](Self::Drain).
    Drained,
    /// A type that this version does not know and ignores.
    Unknown(String),
}

impl ControlMessage {
    /// Parses one message.
    ///
    /// This takes two steps, the type and then the fields. serde's tagged enums would first copy
    /// every field into a buffer, from which a [`Payload`](crate::wire::Payload) cannot be read.
    pub(crate) fn decode(json: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Tag {
            r#type: String,
        }
        let Tag { r#type } = serde_json::from_str(json)?;
        Ok(match r#type.as_str() {
            "workerregistered" => Self::WorkerRegistered(serde_json::from_str(json)?),
            "registrationrejected" => Self::RegistrationRejected(serde_json::from_str(json)?),
            "reattach" => Self::Reattach(serde_json::from_str(json)?),
            "reattached" => Self::Reattached(serde_json::from_str(json)?),
            "received" => Self::Received(serde_json::from_str(json)?),
            "registerfunction" => Self::RegisterFunction(serde_json::from_str(json)?),
            "unregisterfunction" => Self::UnregisterFunction(serde_json::from_str(json)?),
            "invokefunction" => Self::InvokeFunction(serde_json::from_str(json)?),
            "invocationresult" => Self::InvocationResult(serde_json::from_str(json)?),
            "registertrigger" => Self::RegisterTrigger(serde_json::from_str(json)?),
            "triggerregistrationresult" => {
                Self::TriggerRegistrationResult(serde_json::from_str(json)?)
            }
            "ping" => Self::Ping,
            "pong" => Self::Pong,
            "cancelinvocation" => Self::CancelInvocation(serde_json::from_str(json)?),
            "functionactive" => Self::FunctionActive(serde_json::from_str(json)?),
            "drain" => Self::Drain,
            "drained" => Self::Drained,
            _ => Self::Unknown(r#type),
        })
    }

    /// Serialises the message as a text frame; the inverse of [`decode`](Self::decode).
    pub(crate) fn encode(&self) -> Result<Text, serde_json::Error> {
        match self {
            Self::WorkerRegistered(fields) => tagged("workerregistered", fields),
            Self::RegistrationRejected(fields) => tagged("registrationrejected", fields),
            Self::Reattach(fields) => tagged("reattach", fields),
            Self::Reattached(fields) => tagged("reattached", fields),
            Self::Received(fields) => tagged("received", fields),
            Self::RegisterFunction(fields) => tagged("registerfunction", fields),
            Self::UnregisterFunction(fields) => tagged("unregisterfunction", fields),
            Self::InvokeFunction(fields) => tagged("invokefunction", fields),
            Self::InvocationResult(fields) => tagged("invocationresult", fields),
            Self::RegisterTrigger(fields) => tagged("registertrigger", fields),
            Self::TriggerRegistrationResult(fields) => tagged("triggerregistrationresult", fields),
            Self::Ping => Ok(r#"{"type":"ping"}"#.into()),
            Self::Pong => Ok(r#"{"type":"pong"}"#.into()),
            Self::CancelInvocation(fields) => tagged("cancelinvocation", fields),
            Self::FunctionActive(fields) => tagged("functionactive", fields),
            Self::Drain => Ok(r#"{"type":"drain"}"#.into()),
            Self::Drained => Ok(r#"{"type":"drained"}"#.into()),
            Self::Unknown(kind) => tagged(kind, &serde_json::Map::new()),
        }
    }
}

/// Whether an encoded message is part of a call: the call, its result or its cancellation.
pub(crate) fn is_part_of_call(message: &Text) -> bool {
    let json = message.as_bytes();
    [
        br#"{"type":"invokefunction""#.as_slice(),
        br#"{"type":"invocationresult""#,
        br#"{"type":"cancelinvocation""#,
    ]
    .iter()
    .any(|start| json.starts_with(start))
}

fn tagged<T: Serialize>(kind: &str, fields: &T) -> Result<Text, serde_json::Error> {
    #[derive(Serialize)]
    struct Tagged<'a, T> {
        r#type: &'a str,
        #[serde(flatten)]
        fields: &'a T,
    }
    serde_json::to_string(&Tagged {
        r#type: kind,
        fields,
    })
    .map(Text::from)
}

#[cfg(test)]
mod tests {
    use super::ControlMessage;
    use crate::wire::{ErrorBody, InvocationResult, action::Action};

    /// Encoding and decoding loses nothing of the frames in `docs/protocol.md` section 2.
    #[test]
    fn frames_seen_on_the_wire_survive_a_round_trip() {
        for json in [
            r#"{"type":"workerregistered","worker_id":"w","reattach_token":"t"}"#,
            r#"{"type":"registerfunction","id":"rs::fn","request_format":{"title":"AnyValue"}}"#,
            r#"{"type":"unregisterfunction","id":"rs::fn"}"#,
            r#"{"type":"invokefunction","invocation_id":"8698","function_id":"f","data":{"a":1}}"#,
            r#"{"type":"reattach","previous_worker_id":"w","reattach_token":"t"}"#,
            r#"{"type":"ping"}"#,
        ] {
            let message = ControlMessage::decode(json).unwrap();
            assert_eq!(message.encode().unwrap(), json);
        }
    }

    #[test]
    fn null_counts_as_absent_and_unknown_fields_are_ignored() {
        let json = r#"{"function_id":"f","invocation_id":null,"data":null,"x":{"y":1},
                       "action":{"type":"void"},"namespace":null,"type":"invokefunction"}"#;
        let ControlMessage::InvokeFunction(call) = ControlMessage::decode(json).unwrap() else {
            panic!("not a call");
        };
        assert_eq!(call.invocation_id, None);
        assert_eq!(call.action, Some(Action::Void));
        assert!(call.data.is_null());
    }

    #[test]
    fn unknown_type_is_ignored_but_broken_json_fails() {
        let message = ControlMessage::decode(r#"{"type":"observe","id":1}"#).unwrap();
        assert!(matches!(message, ControlMessage::Unknown(kind) if kind == "observe"));
        assert!(ControlMessage::decode("{").is_err());
        assert!(ControlMessage::decode(r#"{"id":1}"#).is_err());
    }

    #[test]
    fn a_result_without_result_is_null_and_an_error_wins() {
        let read = |json: &str| serde_json::from_str::<InvocationResult>(json).unwrap();
        let null = read(r#"{"invocation_id":"i","function_id":"f"}"#);
        assert!(null.into_outcome().unwrap().is_null());
        let both = read(
            r#"{"invocation_id":"i","function_id":"f","result":1,"error":{"code":"c","message":"m"}}"#,
        );
        assert_eq!(both.into_outcome().unwrap_err(), ErrorBody::new("c", "m"));
    }
}
