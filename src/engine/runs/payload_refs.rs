use memchr::memmem;
use serde_json::Value;

use crate::wire::{FoundRef, Payload, StreamChannelRef, find_refs};

/// Larger payloads are not searched, because payloads with refs are small.
const LONGEST: usize = 256 << 10;

/// Maximum number of refs per call.
const MOST: usize = 64;

/// The member with the channel that cancels a stage (`docs/protocol.md` section 10.1).
const CANCEL: &str = "cancelRef";

/// The refs in the payload of a call, each with a flag that says whether it only serves to cancel
/// the stage.
///
/// A payload without refs costs one search for a word.
pub(super) fn refs_in(payload: &Payload) -> Vec<(StreamChannelRef, bool)> {
    let json = payload.as_json().as_bytes();
    if json.len() > LONGEST || memmem::find(json, b"access_key").is_none() {
        return Vec::new();
    }
    let Ok(value) = payload.parse::<Value>() else {
        return Vec::new();
    };
    let found = find_refs(&value).into_iter().take(MOST);
    found
        .map(|FoundRef { path, channel_ref }| (channel_ref, path == CANCEL))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LONGEST, MOST, refs_in};
    use crate::wire::Payload;

    #[test]
    fn refs_are_found_and_the_cancel_ref_identified() {
        let end = json!({"channel_id": "c", "access_key": "k", "direction": "read"});
        let found = |value: &serde_json::Value| refs_in(&Payload::new(value).unwrap());
        let both = found(&json!({"readerRef": end, "cancelRef": end, "params": {"a": 1}}));
        let cancels: Vec<bool> = both.iter().map(|(_, cancel)| *cancel).collect();
        assert_eq!(cancels.iter().filter(|cancel| **cancel).count(), 1);
        assert_eq!(cancels.len(), 2);
        assert!(found(&json!({"a": "access_key"})).is_empty());
        assert_eq!(found(&json!(vec![end.clone(); MOST + 1])).len(), MOST);
        assert!(found(&json!([end, "x".repeat(LONGEST)])).is_empty());
    }
}
