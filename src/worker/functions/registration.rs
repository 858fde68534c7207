use std::fmt;
use std::sync::Arc;

use super::super::RegisterError;
use super::super::shared::Shared;
use super::frame::encode;
use crate::wire::RegisterFunction;

/// A registered stage. Dropping this does not unregister it.
pub struct Registration {
    shared: Arc<Shared>,
    fields: RegisterFunction,
}

impl Registration {
    pub(in crate::worker) fn new(shared: Arc<Shared>, fields: RegisterFunction) -> Self {
        Self { shared, fields }
    }

    /// The id of the stage.
    pub fn id(&self) -> &str {
        &self.fields.id
    }

    /// Shares the stage with other workers that also register it as shared: each run goes to the
    /// least busy worker. See [`FunctionBuilder::shared`](super::super::FunctionBuilder::shared).
    ///
    /// # Errors
    ///
    /// [`RegisterError::Description`] if the description of the stage is not a JSON object.
    pub fn shared(mut self) -> Result<Self, RegisterError> {
        let frame =
            encode(&mut self.fields, true).map_err(|source| RegisterError::Description {
                function_id: self.fields.id.clone(),
                source,
            })?;
        self.shared.register_again(self.fields.id.clone(), frame);
        Ok(self)
    }
}

/// Calls [`Registration::shared`] on the result of a registration:
/// `worker.register(stage).shared()?`.
pub trait RegistrationExt {
    /// Shares the stage, if it was registered.
    ///
    /// # Errors
    ///
    /// The errors of the registration and of [`Registration::shared`].
    fn shared(self) -> Result<Registration, RegisterError>;
}

impl RegistrationExt for Result<Registration, RegisterError> {
    fn shared(self) -> Result<Registration, RegisterError> {
        self.and_then(Registration::shared)
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration")
            .field("id", &self.fields.id)
            .finish_non_exhaustive()
    }
}
