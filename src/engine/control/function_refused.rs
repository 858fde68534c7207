use super::registry::WorkerId;
use crate::wire::RegistrationRejected;

/// Why a function is not registered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum FunctionRefused {
    /// The first keeps it.
    #[error("`{function_id}` in namespace {namespace} belongs to worker {owner}")]
    Conflict {
        namespace: String,
        function_id: String,
        owner: WorkerId,
    },
    #[error("the token of the worker may not register `{function_id}`")]
    Forbidden { function_id: String },
    #[error("`{function_id}` is an id that the engine keeps for itself")]
    Reserved { function_id: String },
    #[error("`{function_id}` is one more than the {max} functions that a worker may have")]
    TooMany { function_id: String, max: usize },
}

impl FunctionRefused {
    /// What the worker is told; `namespace` is its own.
    pub(super) fn rejection(self, namespace: String) -> RegistrationRejected {
        let (function_id, namespace, owner, reason) = match self {
            Self::Conflict {
                namespace,
                function_id,
                owner,
            } => (function_id, namespace, Some(owner.to_string()), None),
            Self::Forbidden { function_id } => {
                let reason = RegistrationRejected::FORBIDDEN;
                (function_id, namespace, None, Some(reason))
            }
            Self::Reserved { function_id } => {
                let reason = RegistrationRejected::RESERVED;
                (function_id, namespace, None, Some(reason))
            }
            Self::TooMany { function_id, .. } => {
                let reason = RegistrationRejected::TOO_MANY_FUNCTIONS;
                (function_id, namespace, None, Some(reason))
            }
        };
        let owner = owner.unwrap_or_else(|| RegistrationRejected::OWNED_BY_ENGINE.to_owned());
        RegistrationRejected {
            code: RegistrationRejected::FUNCTION_CONFLICT.to_owned(),
            namespace: Some(namespace),
            worker_name: None,
            function_id: Some(function_id),
            owner_worker_id: Some(owner),
            reason: reason.map(str::to_owned),
        }
    }
}
