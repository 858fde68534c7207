use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::super::{StageContext, StageError};

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
    fn given(context: &StageContext) -> Result<Self, StageError>;
}

#[diagnostic::do_not_recommend]
impl<P: DeserializeOwned> Params for P {
    fn given(context: &StageContext) -> Result<Self, StageError> {
        let params = context.raw_params();
        let refuse = |error: serde_json::Error| {
            let advice = if params.is_null() {
                "; none were set: set them with `with_params`"
            } else {
                ""
            };
            let reason = format!("the parameters cannot be read: {error}{advice}");
            StageError::new(StageError::BAD_PARAMS, context.stage(), reason)
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
