use serde::{Deserialize, Serialize};

use super::ErrorBody;
use crate::wire::Payload;

/// A worker offers a function (`docs/protocol.md` section 2.1). It is not acknowledged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegisterFunction {
    pub(crate) id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    /// JSON Schema of the payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) request_format: Option<Payload>,
    /// JSON Schema of the result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) response_format: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Payload>,
}

/// A worker withdraws a function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct UnregisterFunction {
    pub(crate) id: String,
}

/// A worker requests a trigger of a type that the engine or another worker provides.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RegisterTrigger {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) trigger_type: String,
    #[serde(default)]
    pub(crate) function_id: String,
}

/// The result of a [`RegisterTrigger`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TriggerRegistrationResult {
    pub(crate) id: String,
    pub(crate) trigger_type: String,
    pub(crate) function_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<ErrorBody>,
}
