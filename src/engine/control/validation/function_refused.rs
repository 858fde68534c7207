use super::super::workers::registry::{DEFAULT_NAMESPACE, Registry, Worker, WorkerId};
use crate::wire::RegistrationRejected;

/// Why a function is not registered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::engine) enum FunctionRefused {
    /// Another worker has it; this one waits.
    #[error("`{function_id}` in namespace {namespace} belongs to worker {owner}; it waits")]
    Conflict {
        namespace: String,
        function_id: String,
        owner: WorkerId,
    },
    #[error("the token of the worker may not register `{function_id}`")]
    Forbidden { function_id: String },
    #[error("`{function_id}` is an id that the engine reserves")]
    Reserved { function_id: String },
    #[error("`{function_id}` is one more than the {max} functions that a worker may have")]
    TooMany { function_id: String, max: usize },
    #[error("the registration of `{function_id}` is not valid JSON: {problem}")]
    Invalid {
        function_id: String,
        problem: String,
    },
    #[error("what the worker says of `{function_id}` is too long: {reason}")]
    TooLong { function_id: String, reason: String },
}

impl FunctionRefused {
    /// Whether the registration was discarded. A waiting registration is kept.
    pub(in crate::engine::control) fn is_final(&self) -> bool {
        !matches!(self, Self::Conflict { .. })
    }

    /// The message for the worker `to`. A conflict uses the standard fields; workers with the
    /// extensions also get the owner's name.
    pub(in crate::engine::control) fn rejection(
        self,
        registry: &Registry,
        to: &WorkerId,
    ) -> RegistrationRejected {
        let worker = registry.worker(to);
        let extended = worker.is_some_and(|worker| worker.extended);
        let own = || worker.map(|worker| worker.namespace.clone());
        let message = match &self {
            Self::Invalid { .. } => Some(self.to_string()),
            _ => None,
        };
        let mut owner_name = None;
        let (function_id, namespace, owner, reason) = match self {
            Self::Conflict {
                namespace,
                function_id,
                owner,
            } => {
                let name = registry.worker(&owner).and_then(Worker::name);
                owner_name = name.filter(|_| extended).map(str::to_owned);
                (function_id, Some(namespace), Some(owner.to_string()), None)
            }
            Self::Forbidden { function_id } => {
                let reason = RegistrationRejected::FORBIDDEN;
                (function_id, own(), None, Some(reason))
            }
            Self::Reserved { function_id } => {
                let reason = RegistrationRejected::RESERVED;
                (function_id, own(), None, Some(reason))
            }
            Self::TooLong { function_id, .. } => {
                let reason = RegistrationRejected::TOO_LONG;
                (function_id, own(), None, Some(reason))
            }
            Self::TooMany { function_id, .. } => {
                let reason = RegistrationRejected::TOO_MANY_FUNCTIONS;
                (function_id, own(), None, Some(reason))
            }
            Self::Invalid { function_id, .. } => {
                let reason = RegistrationRejected::INVALID;
                (function_id, own(), None, Some(reason))
            }
        };
        let owner = owner.unwrap_or_else(|| RegistrationRejected::OWNED_BY_ENGINE.to_owned());
        RegistrationRejected {
            code: RegistrationRejected::FUNCTION_CONFLICT.to_owned(),
            namespace: Some(namespace.unwrap_or_else(|| DEFAULT_NAMESPACE.to_owned())),
            worker_name: None,
            function_id: Some(function_id),
            owner_worker_id: Some(owner),
            owner_worker_name: owner_name,
            reason: reason.map(str::to_owned),
            message,
        }
    }
}
