use serde::{Deserialize, Serialize};

use super::{AccessKey, Direction};

/// The capability to open one end of a channel. It is small enough to be part of any payload.
///
/// On the wire it is `{"channel_id": "..", "access_key": "..", "direction": "read"|"write"}`
/// (`docs/protocol.md` section 5). Unknown keys are ignored. A ref works once: after an end was
/// opened, the engine refuses the same ref. `Debug` prints `access_key: ***`.
///
/// ```
/// use pipewright::{Direction, StreamChannelRef};
///
/// let json = r#"{"channel_id":"c1","access_key":"s3cret","direction":"read"}"#;
/// let channel_ref: StreamChannelRef = serde_json::from_str(json).unwrap();
/// assert_eq!(channel_ref.direction, Direction::Read);
/// assert!(!format!("{channel_ref:?}").contains("s3cret"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamChannelRef {
    /// Identifies the channel within its engine. Not secret.
    pub channel_id: String,
    /// Proves that the holder may open this end.
    pub access_key: AccessKey,
    /// Which end this ref opens.
    pub direction: Direction,
}
