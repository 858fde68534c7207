use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::StageError;
use crate::worker::Resources;

/// The values from which a run supplies the arguments of a stage.
pub struct Given<'c> {
    pub(in crate::stage) stage: &'c str,
    pub(in crate::stage) params: &'c Value,
    pub(in crate::stage) resources: Resources,
}

/// The type of a stage's parameters: any type that deserialises and owns its data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a stage",
    label = "cannot be read from JSON",
    note = "put `#[derive(serde::Deserialize)]` on `{Self}`"
)]
pub trait Params: Sized {
    /// Deserialises the parameters.
    ///
    /// Absent parameters are read as `null`, or else as an empty object, so that a struct whose
    /// fields all have defaults needs none.
    ///
    /// # Errors
    ///
    /// Fails if they do not have this type.
    fn given(given: &Given<'_>) -> Result<Self, StageError>;
}

#[diagnostic::do_not_recommend]
impl<P: DeserializeOwned> Params for P {
    fn given(given: &Given<'_>) -> Result<Self, StageError> {
        let params = given.params;
        let refuse = |error: serde_json::Error| {
            let advice = if params.is_null() {
                "; none were set: set them with `with_params`"
            } else {
                ""
            };
            let reason = format!("the parameters cannot be read: {error}{advice}");
            StageError::new(StageError::BAD_PARAMS, given.stage, reason)
        };
        match serde_json::from_value(params.clone()) {
            Ok(read) => Ok(read),
            Err(_) if params.is_null() => {
                serde_json::from_value(Value::Object(Map::new())).map_err(refuse)
            }
            Err(error) => Err(refuse(error)),
        }
    }
}
