use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::validation::bounds::LONGEST_NAME;
use crate::engine::truncate::truncate;
use crate::wire::Payload;

/// Maximum length of a namespace, in bytes. A namespace is never truncated, because two different
/// ones could become equal.
const LONGEST_NAMESPACE: usize = 256;

/// Parses the parts of a worker's announcement that the engine keeps (`docs/protocol.md` section
/// 1.3). `Err` describes the problem.
///
/// Other fields, and values that are not text, numbers or booleans, are ignored. Each text is
/// truncated to [`LONGEST_NAME`] bytes, so an announcement of any length takes a few hundred bytes.
pub(in crate::engine::control) fn about(data: &Payload) -> Result<Map<String, Value>, String> {
    #[derive(Deserialize)]
    struct Announced<'a> {
        #[serde(borrow, default)]
        name: Option<&'a RawValue>,
        #[serde(borrow, default)]
        namespace: Option<&'a RawValue>,
        #[serde(borrow, default)]
        runtime: Option<&'a RawValue>,
        #[serde(borrow, default)]
        version: Option<&'a RawValue>,
        #[serde(borrow, default)]
        description: Option<&'a RawValue>,
        #[serde(borrow, default)]
        os: Option<&'a RawValue>,
        #[serde(borrow, default)]
        isolation: Option<&'a RawValue>,
        #[serde(borrow, default)]
        pid: Option<&'a RawValue>,
        #[serde(borrow, default)]
        pipewright: Option<&'a RawValue>,
        #[serde(borrow, default)]
        replayed: Option<&'a RawValue>,
    }
    let json = data.as_json();
    // serde would also accept an array for a struct.
    if !json.starts_with('{') {
        return Err("an announcement is an object".to_owned());
    }
    let told: Announced<'_> = serde_json::from_str(json).map_err(|error| error.to_string())?;
    if let Some(Value::String(namespace)) = told.namespace.and_then(short)
        && namespace.len() > LONGEST_NAMESPACE
    {
        return Err(format!(
            "the namespace has more than {LONGEST_NAMESPACE} bytes, the limit"
        ));
    }
    let fields = [
        ("name", told.name),
        ("namespace", told.namespace),
        ("runtime", told.runtime),
        ("version", told.version),
        ("description", told.description),
        ("os", told.os),
        ("isolation", told.isolation),
        ("pid", told.pid),
        ("pipewright", told.pipewright),
        ("replayed", told.replayed),
    ];
    let kept = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), short(value?)?)));
    Ok(kept.collect())
}

/// A text truncated to [`LONGEST_NAME`] bytes, a number or a boolean; `None` for anything else.
fn short(value: &RawValue) -> Option<Value> {
    /// Maximum length of a number.
    const LONGEST_NUMBER: usize = 32;
    let json = value.get();
    if json.starts_with('"') {
        let text: String = serde_json::from_str(json).ok()?;
        return Some(truncate(&text, LONGEST_NAME).into());
    }
    if json.len() > LONGEST_NUMBER {
        return None;
    }
    serde_json::from_str(json)
        .ok()
        .filter(|value: &Value| value.is_number() || value.is_boolean())
}

/// The message limit of a worker's SDK in bytes (`docs/protocol.md` section 1.5), derived from its
/// announcement.
pub(in crate::engine::control) fn message_limit(about: &Map<String, Value>) -> usize {
    /// The default of the library used by Python SDKs before 0.25.
    const OLD_PYTHON: usize = 1 << 20;
    let text = |name| about.get(name).and_then(Value::as_str).unwrap_or_default();
    if text("runtime") != "python" {
        return USUAL_LIMIT;
    }
    let mut parts = text("version")
        .split('.')
        .map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(0), Some(25..)) | (Some(1..), _) => USUAL_LIMIT,
        _ => OLD_PYTHON,
    }
}

/// The limit of all SDKs except old Python ones (`docs/protocol.md` section 1.5).
pub(in crate::engine::control) const USUAL_LIMIT: usize = 64 << 20;

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::{LONGEST_NAME, USUAL_LIMIT, about, message_limit};
    use crate::wire::Payload;

    fn told(value: &Value) -> Result<Map<String, Value>, String> {
        about(&Payload::new(value).unwrap())
    }

    #[test]
    fn long_texts_are_cut_and_other_values_are_left_out() {
        let long = "x".repeat(1 << 20);
        let about = told(
            &json!({"name": long, "pid": 7, "os": {"a": 7}, "version": null, "x": [long],
                    "runtime": "rust"}),
        );
        let about = about.unwrap();
        let name = about["name"].as_str().unwrap();
        assert!(name.len() <= LONGEST_NAME + "…".len());
        assert_eq!(about["pid"], 7);
        assert_eq!(about["runtime"], "rust");
        assert_eq!(about.len(), 3);
    }

    #[test]
    fn long_namespace_is_refused_and_not_cut() {
        assert!(told(&json!({"namespace": "n".repeat(257)})).is_err());
        assert!(told(&json!({"namespace": "n".repeat(256)})).is_ok());
        assert!(told(&json!(["n"])).is_err());
    }

    #[test]
    fn limit_of_messages_follows_the_sdk() {
        let limit = |runtime: &str, version: &str| {
            message_limit(&told(&json!({"runtime": runtime, "version": version})).unwrap())
        };
        assert_eq!(limit("python", "0.23.1"), 1 << 20);
        assert_eq!(limit("python", "odd"), 1 << 20);
        assert_eq!(limit("python", "0.25.0"), USUAL_LIMIT);
        assert_eq!(limit("python", "1.0"), USUAL_LIMIT);
        assert_eq!(limit("node", "0.22.1"), USUAL_LIMIT);
    }
}
