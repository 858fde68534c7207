use serde_json::{Map, Value};

use crate::wire::{ControlMessage, Payload, RegisterFunction, Text};

/// The metadata member of a shared function.
const SHARED: &str = "shared";

/// The registration in its wire form.
pub(in crate::worker) fn encode(
    fields: &mut RegisterFunction,
    shared: bool,
) -> Result<Text, serde_json::Error> {
    if shared {
        let metadata = fields.metadata.take();
        fields.metadata = Some(with_shared(&metadata.unwrap_or_default())?);
    }
    ControlMessage::RegisterFunction(fields.clone()).encode()
}

/// The metadata of a shared function.
fn with_shared(metadata: &Payload) -> Result<Payload, serde_json::Error> {
    let mut members: Option<Map<String, Value>> = metadata.parse()?;
    let members = members.get_or_insert_default();
    members.insert(SHARED.to_owned(), true.into());
    Payload::new(members)
}
