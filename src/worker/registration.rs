use std::fmt;
use std::sync::Arc;

use super::RegisterError;
use super::function::encode;
use super::shared::Shared;
use crate::wire::RegisterFunction;

/// A stage that was registered; it stays so when this is dropped.
pub struct Registration {
    shared: Arc<Shared>,
    fields: RegisterFunction,
}

impl Registration {
    pub(super) fn new(shared: Arc<Shared>, fields: RegisterFunction) -> Self {
        Self { shared, fields }
    }

    /// The id that the stage is called by.
    pub fn id(&self) -> &str {
        &self.fields.id
    }

    /// Shares the stage with other workers that register it as shared, too: each run goes to the
    /// worker that is least busy. See [`FunctionBuilder::shared`](super::FunctionBuilder::shared).
    ///
    /// # Errors
    ///
    /// [`RegisterError::Description`] when the description of the stage is not a JSON object.
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

/// [`Registration::shared`] on the result of a registration:
/// `worker.register(stage).shared()?`.
pub trait RegistrationExt {
    /// Shares the stage, if it was registered.
    ///
    /// # Errors
    ///
    /// Those of the registration and of [`Registration::shared`].
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
