use std::fmt;

use crate::wire::RegistrationRejected;

/// The engine refused this worker or one of its functions (`protocol.md` 1.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// A stable word: `FUNCTION_NAMESPACE_CONFLICT`, `WORKER_NAMESPACE_CONFLICT`,
    /// `TOO_MANY_FUNCTIONS`, `FORBIDDEN`, `RESERVED`.
    pub code: String,
    /// The namespace that the name is taken in.
    pub namespace: Option<String>,
    /// The name of the worker, where that is what was refused.
    pub worker_name: Option<String>,
    /// The id of the function, where that is what was refused.
    pub function_id: Option<String>,
    /// Who has the name or the id.
    pub owner_worker_id: Option<String>,
}

impl From<RegistrationRejected> for Rejection {
    fn from(rejected: RegistrationRejected) -> Self {
        // With a reason of its own the engine refuses; the code and the owner on the wire are
        // there for the SDKs, which know one code only.
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
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code == RegistrationRejected::TOO_MANY_FUNCTIONS {
            let id = self.function_id.as_deref().unwrap_or_default();
            return write!(
                f,
                "function `{id}` is one more than the engine takes of a worker, code {}; register \
                 fewer, or raise the engine's limit",
                self.code
            );
        }
        if self.code == RegistrationRejected::FORBIDDEN {
            let id = self.function_id.as_deref().unwrap_or_default();
            return write!(
                f,
                "the token of this worker may not register function `{id}`, code {}; ask whoever \
                 runs the engine",
                self.code
            );
        }
        if self.code == RegistrationRejected::RESERVED {
            let id = self.function_id.as_deref().unwrap_or_default();
            return write!(
                f,
                "function `{id}` has an id that the engine keeps for itself, code {}; choose \
                 another",
                self.code
            );
        }
        match (&self.function_id, &self.worker_name) {
            (Some(id), _) => write!(f, "function `{id}` belongs to another worker")?,
            (None, Some(name)) => write!(f, "the name `{name}` belongs to another worker")?,
            (None, None) => f.write_str("the registration was refused")?,
        }
        if let Some(owner) = &self.owner_worker_id {
            write!(f, " ({owner})")?;
        }
        write!(f, ", code {}; choose another name or namespace", self.code)
    }
}
