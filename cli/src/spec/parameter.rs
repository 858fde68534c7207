use std::str::FromStr;

use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::pipeline_spec::PipelineSpec;
use crate::engine_client::similar::similar;
use crate::exit::Exit;
use crate::failure::Failure;

/// A parameter of a stage, `STAGE.key=value` on the command line.
///
/// The key may contain dots for nested values. The value is parsed as JSON; if it is not JSON, it
/// is a string.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    /// `STAGE.key`; the existing stage ids determine where the id ends.
    place: String,
    value: Value,
}

impl FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, value) = text
            .split_once('=')
            .ok_or("it has no `=`; write STAGE.key=value")?;
        if !place.contains('.') {
            return Err(format!("`{place}` has no `.`; write STAGE.key=value"));
        }
        if let Some(number) = changed_number(value) {
            return Err(format!(
                "the number {number} would lose digits; to pass a string, quote it: \
                 '{place}=\"{number}\"'"
            ));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
        Ok(Self {
            place: place.to_owned(),
            value,
        })
    }
}

/// The first number in a JSON text that would be written differently after it was read.
fn changed_number(text: &str) -> Option<&str> {
    serde_json::from_str::<&RawValue>(text).ok()?;
    let (mut rest, mut is_string) = (text, false);
    while let Some(first) = rest.chars().next() {
        let mut len = first.len_utf8();
        match first {
            '"' => is_string = !is_string,
            '\\' => len += rest[len..].chars().next().map_or(0, char::len_utf8),
            '-' | '0'..='9' if !is_string => {
                let is_part =
                    |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
                len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
                let number = &rest[..len];
                let read = serde_json::from_str::<Number>(number);
                if read.ok().is_none_or(|read| read.to_string() != number) {
                    return Some(number);
                }
            }
            _ => {}
        }
        rest = &rest[len..];
    }
    None
}

impl Parameter {
    /// Sets it on every occurrence of its stage.
    pub(super) fn give(self, spec: &mut PipelineSpec) -> Result<(), Failure> {
        let ids = spec.stage_ids();
        let owner = ids
            .iter()
            .filter(|id| self.key_of(id).is_some())
            .max_by_key(|id| id.len());
        let Some((id, key)) = owner.and_then(|id| Some((id, self.key_of(id)?))) else {
            return Err(self.homeless(&ids));
        };
        let mut given = Ok(());
        spec.for_each_stage(|stage| {
            if stage.id == *id && given.is_ok() {
                given = put(&mut stage.params, key, self.value.clone());
            }
        });
        given.map_err(|reason| {
            let message = format!("`--param {}=..`: {reason}", self.place);
            Failure::new(Exit::Usage, message)
        })
    }

    /// The key, if this is a parameter of the stage `id`.
    fn key_of(&self, id: &str) -> Option<&str> {
        let key = self.place.strip_prefix(id)?.strip_prefix('.')?;
        (!key.is_empty()).then_some(key)
    }

    fn homeless(&self, ids: &[String]) -> Failure {
        let stage = self.place.split('.').next().unwrap_or_default();
        let message = format!(
            "`--param {}=..` is for a stage that is not in this pipeline",
            self.place
        );
        let hint = match similar(stage, ids.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the stages are {}", ids.join(", ")),
        };
        Failure::new(Exit::Usage, message).hint(hint)
    }
}

/// Sets `value` at the path `key` within `params`, creating objects as needed.
fn put(params: &mut Value, key: &str, value: Value) -> Result<(), String> {
    let mut at = params;
    let mut parts = key.split('.').peekable();
    while let Some(part) = parts.next() {
        if at.is_null() {
            *at = Value::Object(Map::new());
        }
        let Value::Object(fields) = at else {
            return Err(format!("there is no `{part}` in {at}"));
        };
        let field = fields.entry(part).or_insert(Value::Null);
        if parts.peek().is_none() {
            *field = value;
            return Ok(());
        }
        at = field;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Parameter, put};

    #[test]
    fn a_value_is_json_or_else_text() {
        let value = |text: &str| text.parse::<Parameter>().unwrap().value;
        assert_eq!(value("s.k=3"), json!(3));
        assert_eq!(value("s.k=[1, \"a\"]"), json!([1, "a"]));
        assert_eq!(value("s.k=a=b"), json!("a=b"));
        assert_eq!(value("s.k="), json!(""));
        assert_eq!(value("s.k=1.5"), json!(1.5));
        assert_eq!(value("s.k=\"1.10\""), json!("1.10"));
        assert_eq!(value("s.k=[\"a\\\"1e5\", 7]"), json!(["a\"1e5", 7]));
        assert_eq!(value("s.k=007"), json!("007"));
        assert!("s=3".parse::<Parameter>().is_err());
        assert!("s.k".parse::<Parameter>().is_err());
    }

    #[test]
    fn a_number_keeps_its_digits_or_is_refused() {
        let huge = "12345678901234567890123";
        for number in [huge, "1e5", "1.10", "1e400", "[1, 1.10]"] {
            let refused = format!("s.k={number}").parse::<Parameter>();
            let told = refused.unwrap_err();
            assert!(told.contains("quote it: 's.k=\""), "{told}");
        }
        for number in ["0", "-7", "18446744073709551615", "0.1", "1.5"] {
            assert!(format!("s.k={number}").parse::<Parameter>().is_ok());
        }
    }

    #[test]
    fn a_key_of_parts_makes_objects() {
        let mut params = Value::Null;
        put(&mut params, "a.b", json!(1)).unwrap();
        put(&mut params, "a.c", json!(2)).unwrap();
        put(&mut params, "a.b", json!(3)).unwrap();
        assert_eq!(params, json!({"a": {"b": 3, "c": 2}}));
        assert!(put(&mut params, "a.b.c", json!(1)).is_err());
    }
}
