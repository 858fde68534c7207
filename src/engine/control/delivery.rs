use std::collections::VecDeque;
use std::sync::Arc;

use super::Outbox;
use crate::wire::{ControlMessage, Text};

/// A message on its way into an outbox; `None` once it is in.
pub(super) struct Delivery {
    pub(super) to: Arc<Outbox>,
    pub(super) message: Option<Text>,
}

/// Deliveries that a session has still to make: those of one message, a handful at the most
/// unless an announcement finds many ids taken.
pub(super) type Deliveries = VecDeque<Delivery>;

/// Adds a message for `to` to what is to be delivered.
pub(super) fn deliver(to: Arc<Outbox>, message: &ControlMessage, out: &mut Deliveries) {
    if let Some(message) = encoded(message) {
        out.push_back(Delivery {
            to,
            message: Some(message),
        });
    }
}

/// A message as it travels. All of them have a JSON form; one that has not is told and left out.
pub(super) fn encoded(message: &ControlMessage) -> Option<Text> {
    message
        .encode()
        .inspect_err(|error| tracing::error!(%error, "a message has no JSON form"))
        .ok()
}
