use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::wire::{ErrorBody, Payload};

/// Parses the request of a function; `example` appears in the error for an invalid one.
pub(in crate::engine::control) fn request<T: DeserializeOwned>(
    data: &Payload,
    example: &str,
) -> Result<T, ErrorBody> {
    let bad = |message| ErrorBody::new(ErrorBody::DESERIALIZATION_ERROR, message);
    // Only an object: serde would also accept an array for a struct.
    if !data.as_json().starts_with('{') {
        return Err(bad(format!("expected an object such as {example}")));
    }
    data.parse().map_err(|error| bad(error.to_string()))
}

/// A result in its wire form.
pub(in crate::engine::control) fn payload<T: Serialize>(value: &T) -> Result<Payload, ErrorBody> {
    Payload::new(value)
        .map_err(|error| ErrorBody::new(ErrorBody::SERIALIZATION_ERROR, error.to_string()))
}
