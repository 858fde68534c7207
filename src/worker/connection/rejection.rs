use std::fmt;

use crate::wire::RegistrationRejected;

/// The engine rejected this worker or one of its functions (`docs/protocol.md` section 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// A stable code: `FUNCTION_NAMESPACE_CONFLICT`, `WORKER_NAMESPACE_CONFLICT`,
    /// `TOO_MANY_FUNCTIONS`, `TOO_LONG`, `FORBIDDEN`, `RESERVED`, `INVALID`.
    pub code: String,
    /// The namespace of the conflict.
    pub namespace: Option<String>,
    /// The name of the worker, if the worker was rejected.
    pub worker_name: Option<String>,
    /// The id of the function, if a function was rejected.
    pub function_id: Option<String>,
    /// The id of the worker that has the name or the function.
    pub owner_worker_id: Option<String>,
    /// The name of that worker, if the engine sends it.
    pub owner_worker_name: Option<String>,
    /// The engine's message.
    pub message: Option<String>,
}

impl Rejection {
    /// Whether the function only waits: it is served as soon as the worker that has it disconnects.
    pub fn is_waiting(&self) -> bool {
        self.function_id.is_some() && self.code == RegistrationRejected::FUNCTION_CONFLICT
    }

    fn owner(&self) -> Option<String> {
        match (&self.owner_worker_name, &self.owner_worker_id) {
            (Some(name), Some(id)) => Some(format!("`{name}` ({id})")),
            (Some(name), None) => Some(format!("`{name}`")),
            (None, Some(id)) => Some(id.clone()),
            (None, None) => None,
        }
    }
}

impl Rejection {
    /// The rejection of a registration that exceeds the engine's message limit.
    pub(in crate::worker) fn too_long(function_id: &str) -> Self {
        Self {
            code: RegistrationRejected::TOO_LONG.to_owned(),
            namespace: None,
            worker_name: None,
            function_id: Some(function_id.to_owned()),
            owner_worker_id: None,
            owner_worker_name: None,
            message: None,
        }
    }
}

impl From<RegistrationRejected> for Rejection {
    fn from(rejected: RegistrationRejected) -> Self {
        // If the engine gives a reason of its own, then code and owner are only for the SDKs, which
        // know a single code.
        let (code, owner_worker_id) = match rejected.reason {
            Some(reason) => (reason, None),
            None => (rejected.code, rejected.owner_worker_id),
        };
        Self {
            code,
            namespace: rejected.namespace,
            worker_name: rejected.worker_name,
            function_id: rejected.function_id,
            owner_worker_id,
            owner_worker_name: rejected.owner_worker_name,
            message: rejected.message,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.function_id.as_deref().unwrap_or_default();
        if self.is_waiting() {
            write!(f, "function `{id}` belongs to another worker")?;
            if let Some(owner) = self.owner() {
                write!(f, ", {owner}")?;
            }
            return write!(
                f,
                "; this worker waits and serves it when that one leaves, code {}. To serve it at \
                 the same time, register it as shared on all its workers",
                self.code
            );
        }
        match self.code.as_str() {
            RegistrationRejected::TOO_LONG => {
                return write!(
                    f,
                    "the description of function `{id}` is longer than the engine accepts, code {}; \
                     shorten its description, formats or metadata",
                    self.code
                );
            }
            RegistrationRejected::TOO_MANY_FUNCTIONS => {
                return write!(
                    f,
                    "function `{id}` is over the engine's limit for one worker, code {}; \
                     register fewer, or raise the engine's limit",
                    self.code
                );
            }
            RegistrationRejected::FORBIDDEN => {
                return write!(
                    f,
                    "the token of this worker may not register function `{id}`, code {}; ask \
                     the operator of the engine",
                    self.code
                );
            }
            RegistrationRejected::RESERVED => {
                return write!(
                    f,
                    "function `{id}` has an id that the engine reserves, code {}; choose \
                     another",
                    self.code
                );
            }
            _ => {}
        }
        match (&self.function_id, &self.worker_name) {
            (Some(id), _) => write!(f, "function `{id}` was refused")?,
            (None, Some(name)) => write!(f, "the name `{name}` belongs to another worker")?,
            (None, None) => f.write_str("the registration was refused")?,
        }
        if let Some(owner) = self.owner() {
            write!(f, " ({owner})")?;
        }
        if let Some(message) = &self.message {
            return write!(f, ", code {}: {message}", self.code);
        }
        write!(f, ", code {}; choose another name or namespace", self.code)
    }
}
