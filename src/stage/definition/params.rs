use serde::de::DeserializeOwned;
use serde_json::Value;

/// The type of a stage's parameters: any type that deserialises and owns its data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the parameters of a stage",
    label = "cannot be read from JSON",
    note = "put `#[derive(serde::Deserialize)]` on `{Self}`"
)]
pub trait Params: Sized {
    /// Deserialises the parameters.
    ///
    /// # Errors
    ///
    /// Fails if they do not have this type.
    fn read(params: Value) -> serde_json::Result<Self>;
}

#[diagnostic::do_not_recommend]
impl<P: DeserializeOwned> Params for P {
    fn read(params: Value) -> serde_json::Result<Self> {
        serde_json::from_value(params)
    }
}
