use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// A JSON value that is forwarded unchanged: the argument or the result of a function.
///
/// It keeps the text in which it was received. Numbers wider than 64 bits, the order of keys and
/// the digits of a float are therefore preserved by an engine that only forwards it.
///
/// ```
/// use pipewright::Payload;
///
/// let payload = Payload::new(&("a", 1)).unwrap();
/// assert_eq!(payload.as_json(), r#"["a",1]"#);
/// assert_eq!(payload.parse::<(String, u8)>().unwrap(), ("a".to_owned(), 1));
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// Serialises a value.
    ///
    /// # Errors
    ///
    /// Fails if the value cannot be represented in JSON, for example a map whose keys are not
    /// strings.
    pub fn new<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self)
    }

    /// JSON `null`.
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned())
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        self.0.get()
    }

    /// The length of the JSON text in bytes.
    pub(crate) fn len(&self) -> usize {
        self.as_json().len()
    }

    /// Whether this is JSON `null`.
    pub fn is_null(&self) -> bool {
        self.as_json() == "null"
    }

    /// Deserialises the payload as a `T`; the inverse of [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// Fails if the JSON does not describe a `T`. The error names line and column.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_json())
    }

    /// Adds a string member, if the value is an object. Other values are returned unchanged.
    ///
    /// The member is appended, so it takes precedence over a member of the same name from the
    /// sender.
    pub(crate) fn with_member(self, name: &str, value: &str) -> Self {
        let Some(body) = self
            .as_json()
            .strip_prefix('{')
            .and_then(|json| json.strip_suffix('}'))
        else {
            return self;
        };
        let comma = if body.trim().is_empty() { "" } else { "," };
        let (name, value) = (serde_json::json!(name), serde_json::json!(value));
        let json = format!("{{{body}{comma}{name}:{value}}}");
        RawValue::from_string(json).map_or(self, Self)
    }

    /// Removes all members of this name and returns the text of the last one; the inverse of
    /// [`with_member`](Self::with_member). Other members are unchanged.
    pub(crate) fn take_member(self, name: &str) -> (Self, Option<String>) {
        let json = self.as_json();
        // This check avoids parsing most payloads.
        if !json.starts_with('{')
            || memchr::memmem::find(json.as_bytes(), name.as_bytes()).is_none()
        {
            return (self, None);
        }
        let Ok(Members(members)) = serde_json::from_str(json) else {
            return (self, None);
        };
        let mut taken = None;
        let mut rest = String::with_capacity(json.len());
        for (key, value) in &members {
            if key == name {
                taken = serde_json::from_str::<String>(value.get()).ok();
                continue;
            }
            rest.push(if rest.is_empty() { '{' } else { ',' });
            rest.push_str(&serde_json::json!(key).to_string());
            rest.push(':');
            rest.push_str(value.get());
        }
        if rest.is_empty() {
            rest.push('{');
        }
        rest.push('}');
        match RawValue::from_string(rest) {
            Ok(rest) if taken.is_some() => (Self(rest), taken),
            _ => (self, None),
        }
    }
}

/// The members of an object in order, with their values as text. Names may repeat.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}

impl Default for Payload {
    fn default() -> Self {
        Self::null()
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_json() == other.as_json()
    }
}

impl fmt::Debug for Payload {
    /// Prints only the length, because payloads may contain refs, and refs contain access keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.as_json().len())
    }
}

#[cfg(test)]
mod tests {
    use super::Payload;

    #[test]
    fn keeps_the_text_it_was_read_with() {
        let json = r#"{"n":123456789012345678901234567890,"f":1.10,"b":1,"a":2}"#;
        let payload: Payload = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&payload).unwrap(), json);
    }

    #[test]
    fn a_member_goes_last_and_only_into_objects() {
        let add = |json: &str| {
            let payload: Payload = serde_json::from_str(json).unwrap();
            payload.with_member("id", "w\"1").as_json().to_owned()
        };
        assert_eq!(add("{}"), r#"{"id":"w\"1"}"#);
        assert_eq!(add(r#"{"id":"forged"}"#), r#"{"id":"forged","id":"w\"1"}"#);
        assert_eq!(add("[{}]"), "[{}]");
        assert_eq!(add("null"), "null");
    }

    #[test]
    fn a_member_is_taken_out_and_the_rest_kept() {
        let take = |json: &str| {
            let payload: Payload = serde_json::from_str(json).unwrap();
            let (rest, taken) = payload.take_member("id");
            (rest.as_json().to_owned(), taken)
        };
        for (json, rest, taken) in [
            (r#"{"id":"w"}"#, "{}", Some("w")),
            (
                r#"{"id":"forged", "n":1.10 ,"id":"w"}"#,
                r#"{"n":1.10}"#,
                Some("w"),
            ),
            (
                r#"{"b":{"id":"x"},"id":"w","a\n":12345678901234567890123}"#,
                r#"{"b":{"id":"x"},"a\n":12345678901234567890123}"#,
                Some("w"),
            ),
            (r#"{"b": {"id":"x"}}"#, r#"{"b": {"id":"x"}}"#, None),
            (r#"{"id":7}"#, r#"{"id":7}"#, None),
            (r#"["id"]"#, r#"["id"]"#, None),
            (r#""id""#, r#""id""#, None),
        ] {
            assert_eq!(
                take(json),
                (rest.to_owned(), taken.map(str::to_owned)),
                "{json}"
            );
        }
    }

    #[test]
    fn debug_shows_no_content() {
        let payload = Payload::new("s3cret").unwrap();
        assert_eq!(format!("{payload:?}"), "Payload(8 bytes)");
    }
}
