use serde_json::Value;

use super::{Direction, StreamChannelRef};

/// A channel ref found in a payload, with its path.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundRef {
    /// The path from the root: `a.b`, `items[0]`, `items[0].readerRef`. Empty for the root itself.
    pub path: String,
    /// The ref.
    pub channel_ref: StreamChannelRef,
}

/// Finds every channel ref in a payload, at any depth.
///
/// A ref is an object with a string `channel_id`, a string `access_key` and a `direction` of `read`
/// or `write`; other keys are ignored (`docs/protocol.md` section 5). The result has the order of
/// the payload, parents before children.
///
/// ```
/// let payload = serde_json::json!({
///     "inputs": [{"channel_id": "c1", "access_key": "k", "direction": "read"}],
/// });
/// let found = pipewright::find_refs(&payload);
/// assert_eq!(found[0].path, "inputs[0]");
/// assert_eq!(found[0].channel_ref.channel_id, "c1");
/// ```
pub fn find_refs(payload: &Value) -> Vec<FoundRef> {
    // A stack instead of recursion, because the peer controls the depth of the payload.
    let mut found = Vec::new();
    let mut pending = vec![(String::new(), payload)];
    while let Some((path, value)) = pending.pop() {
        if let Some(channel_ref) = as_ref(value) {
            found.push(FoundRef {
                path: path.clone(),
                channel_ref,
            });
        }
        // In reverse, because the stack returns the last element first.
        match value {
            Value::Object(members) => pending.extend(members.iter().rev().map(|(key, member)| {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                (path, member)
            })),
            Value::Array(elements) => pending.extend(
                elements
                    .iter()
                    .enumerate()
                    .rev()
                    .map(|(at, el)| (format!("{path}[{at}]"), el)),
            ),
            _ => {}
        }
    }
    found
}

fn as_ref(value: &Value) -> Option<StreamChannelRef> {
    let text = |name: &str| value.get(name)?.as_str().map(str::to_owned);
    let direction = match value.get("direction")?.as_str()? {
        "read" => Direction::Read,
        "write" => Direction::Write,
        _ => return None,
    };
    Some(StreamChannelRef {
        channel_id: text("channel_id")?,
        access_key: super::AccessKey::new(text("access_key")?),
        direction,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::find_refs;

    fn paths(value: &serde_json::Value) -> Vec<String> {
        find_refs(value)
            .into_iter()
            .map(|found| found.path)
            .collect()
    }

    #[test]
    fn at_the_root_in_objects_and_in_arrays() {
        let r = json!({"channel_id": "c", "access_key": "k", "direction": "write", "extra": 1});
        assert_eq!(paths(&r), [""]);
        assert_eq!(paths(&json!({"a": {"b": r}, "c": r})), ["a.b", "c"]);
        assert_eq!(
            paths(&json!([r, [r], {"x": r}])),
            ["[0]", "[1][0]", "[2].x"]
        );
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        assert!(paths(&json!({"channel_id": "c", "access_key": "k"})).is_empty());
        let sideways = json!({"channel_id": "c", "access_key": "k", "direction": "up"});
        assert!(paths(&sideways).is_empty());
        let number = json!({"channel_id": 1, "access_key": "k", "direction": "read"});
        assert!(paths(&number).is_empty());
        assert!(paths(&json!("readerRef")).is_empty());
    }
}
