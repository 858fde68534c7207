use std::future::poll_fn;
use std::time::Duration;

use serde::Deserialize;
use tokio::time::timeout;

use crate::transport::{Address, ConnectError, Received, Transport};
use crate::wire::{ControlMessage, Frame};

/// How long to wait for the engine's first message. Engines send it unprompted (`docs/protocol.md`
/// section 1.2). A peer that sends none is accepted after this time.
const GREETING: Duration = Duration::from_secs(5);

/// Waits for the engine's first message, so that a rejected worker gets the error from `connect`
/// and not from its first call.
pub(in crate::worker) async fn await_greeting(
    transport: &mut dyn Transport,
    address: &Address,
) -> Result<Option<Frame>, ConnectError> {
    let first = timeout(GREETING, poll_fn(|cx| transport.poll_receive(cx)));
    let Ok(received) = first.await else {
        return Ok(None);
    };
    let reason = match received {
        Received::Frame(frame) => match refusal(&frame) {
            None => return Ok(Some(frame)),
            Some(reason) => reason,
        },
        Received::Pong => return Ok(None),
        Received::Closed(close) => close.to_string(),
        Received::Lost(error) => error.to_string(),
    };
    Err(ConnectError::TurnedAway {
        address: address.to_string(),
        reason,
    })
}

/// Parses `{"type":"error","error":{"code","message"}}`, after which an engine closes
/// (`docs/protocol.md` section 1.6).
pub(in crate::worker) fn refusal(frame: &Frame) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        error: crate::wire::ErrorBody,
    }
    let Frame::Message(text) = frame else {
        return None;
    };
    match ControlMessage::decode(text) {
        Ok(ControlMessage::Unknown(kind)) if kind == "error" => {
            let refusal: Refusal = serde_json::from_str(text).ok()?;
            Some(refusal.error.to_string())
        }
        _ => None,
    }
}
