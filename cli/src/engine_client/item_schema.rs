use std::cell::Cell;

use serde_json::{Value, json};

use super::lists::Entry;
use crate::terminal::table::sanitized;

/// The member of `request_format` and `response_format` that holds the JSON Schema of an item
/// (`docs/protocol.md` section 10.2).
const MEMBER: &str = "x-pipewright-item";

/// Nested levels that are compared; deeper ones count as fitting.
const DEPTH: usize = 32;

/// Maximum number of comparisons. Nested unions could need any number; the rest counts as fitting.
const STEPS: usize = 10_000;

/// The JSON Schema of the items that a stage reads or writes, as far as it declares one.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ItemSchema(Value);

impl ItemSchema {
    /// The schema of the input items of a stage.
    pub(crate) fn of_input(function: &Entry) -> Option<Self> {
        Self::declared(function, "input", "request_format")
    }

    /// The schema of the output items of a stage.
    pub(crate) fn of_output(function: &Entry) -> Option<Self> {
        Self::declared(function, "output", "response_format")
    }

    fn declared(function: &Entry, side: &str, format: &str) -> Option<Self> {
        let stream = function.get("metadata")?.get(side)?;
        // Other formats have no JSON values, or no items.
        if stream.get("format").and_then(Value::as_str) != Some("ndjson") {
            return None;
        }
        let schema = function
            .get(format)
            .and_then(|format| format.get(MEMBER))
            .cloned();
        let item = stream.get("item").and_then(Value::as_str);
        schema.or_else(|| of_rust(item?)).map(Self)
    }

    /// Why a stage with this input cannot read what `writer` describes; `None` if it may.
    ///
    /// Parts that either schema leaves open count as fitting.
    pub(crate) fn misfit(&self, writer: &Self) -> Option<String> {
        let steps = Cell::new(STEPS);
        let whole = |root| Part {
            root,
            at: root,
            steps: &steps,
        };
        whole(&self.0).misfit(whole(&writer.0), "the item", DEPTH)
    }
}

/// The schema of a Rust type by its name, if it is a scalar or a list.
fn of_rust(name: &str) -> Option<Value> {
    let kind = match name {
        "String" | "str" => "string",
        "bool" => "boolean",
        "f32" | "f64" => "number",
        "u8" | "u16" | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128"
        | "isize" => "integer",
        list if list.starts_with("Vec<") => "array",
        _ => return None,
    };
    Some(json!({ "type": kind }))
}

/// A part of a schema.
#[derive(Clone, Copy)]
struct Part<'a> {
    root: &'a Value,
    at: &'a Value,
    /// Number of comparisons that are left.
    steps: &'a Cell<usize>,
}

impl<'a> Part<'a> {
    /// The part that a reference within the schema names.
    fn resolved(self) -> Self {
        let pointer = self.at.get("$ref").and_then(Value::as_str);
        let found = pointer
            .and_then(|pointer| pointer.strip_prefix('#'))
            .and_then(|pointer| self.root.pointer(pointer));
        match found {
            Some(at) => Self { at, ..self },
            None => self,
        }
    }

    fn member(self, name: &str) -> Option<Self> {
        let at = self.at.get(name)?;
        Some(Self { at, ..self })
    }

    /// The alternatives of a union.
    fn alternatives(self) -> Option<Vec<Self>> {
        let union = self.at.get("anyOf").or_else(|| self.at.get("oneOf"))?;
        let parts = union.as_array()?.iter();
        Some(parts.map(|at| Self { at, ..self }).collect())
    }

    /// The values of an enumeration.
    fn values(self) -> Option<Vec<&'a Value>> {
        match self.at.get("const") {
            Some(only) => Some(vec![only]),
            None => Some(self.at.get("enum")?.as_array()?.iter().collect()),
        }
    }

    /// The JSON types that the values may have, if the schema limits them.
    fn types(self) -> Option<Vec<&'a str>> {
        match self.at.get("type") {
            Some(Value::String(one)) => Some(vec![one]),
            Some(Value::Array(several)) => several.iter().map(Value::as_str).collect(),
            _ => Some(self.values()?.into_iter().map(type_of).collect()),
        }
    }

    /// Why no value of `writer` fits this part.
    fn misfit(self, writer: Self, path: &str, depth: usize) -> Option<String> {
        let depth = depth.checked_sub(1)?;
        self.steps.set(self.steps.get().checked_sub(1)?);
        let (reader, writer) = (self.resolved(), writer.resolved());
        if let Some(parts) = writer.alternatives() {
            let reasons = parts.iter().map(|part| reader.misfit(*part, path, depth));
            return reasons.collect::<Option<Vec<_>>>()?.into_iter().next();
        }
        if let Some(parts) = reader.alternatives() {
            let reasons = parts.iter().map(|part| part.misfit(writer, path, depth));
            return reasons.collect::<Option<Vec<_>>>()?.into_iter().next();
        }
        let types = (reader.types(), writer.types());
        if let (Some(reads), Some(writes)) = types
            && !writes
                .iter()
                .any(|write| reads.iter().any(|read| overlap(read, write)))
        {
            let (writes, reads) = (
                sanitized(&writes.join(" or ")),
                sanitized(&reads.join(" or ")),
            );
            return Some(format!("{path} is {writes}, and {reads} is expected"));
        }
        if let (Some(reads), Some(writes)) = (reader.values(), writer.values())
            && !writes.iter().any(|write| reads.contains(write))
        {
            return Some(format!("no value of {path} is expected"));
        }
        reader
            .misfit_of_elements(writer, path, depth)
            .or_else(|| reader.misfit_of_members(writer, path, depth))
    }

    fn misfit_of_elements(self, writer: Self, path: &str, depth: usize) -> Option<String> {
        let (reads, writes) = (self.member("items")?, writer.member("items")?);
        reads.misfit(writes, &format!("an element of {path}"), depth)
    }

    fn misfit_of_members(self, writer: Self, path: &str, depth: usize) -> Option<String> {
        let writes = writer.at.get("properties")?.as_object()?;
        let required = self.at.get("required").and_then(Value::as_array);
        let missing = required
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .find(|name| !writes.contains_key(*name));
        if let Some(name) = missing {
            let name = sanitized(name);
            return Some(format!("{path} has no `{name}`, which is required"));
        }
        let reads = self.at.get("properties")?.as_object()?;
        reads.iter().find_map(|(name, at)| {
            let writer = Part {
                at: writes.get(name)?,
                ..writer
            };
            Part { at, ..self }.misfit(writer, &format!("`{}` of {path}", sanitized(name)), depth)
        })
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Whether values of one type may be of the other. JavaScript has no integers, so its numbers may be.
fn overlap(one: &str, other: &str) -> bool {
    let kind = |name| if name == "integer" { "number" } else { name };
    kind(one) == kind(other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::ItemSchema;

    fn misfit(writer: Value, reader: Value) -> Option<String> {
        ItemSchema(reader).misfit(&ItemSchema(writer))
    }

    #[test]
    fn values_that_may_fit_are_accepted() {
        let line = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
        let wider = json!({"type": "object", "required": ["text"], "properties": {
            "text": {"$ref": "#/$defs/Text"}, "more": {"type": "integer"}}, "$defs": {"Text": {"type": "string"}}});
        let tree = json!({"type": "array", "items": {"$ref": "#"}});
        for (writer, reader) in [
            (line.clone(), line.clone()),
            (wider, line.clone()),
            (json!({"type": "object"}), line.clone()),
            (json!({"type": "integer"}), json!({"type": "number"})),
            (json!({"type": "number"}), json!({"type": "integer"})),
            (
                json!({"anyOf": [{"type": "null"}, {"type": "string"}]}),
                json!({"type": "string"}),
            ),
            (json!({"const": "a"}), json!({"enum": ["a", "b"]})),
            (json!({"type": "string"}), json!({"enum": ["a", "b"]})),
            (
                json!({"type": ["null", "string"]}),
                json!({"type": "string"}),
            ),
            (tree.clone(), tree),
            (json!({}), line.clone()),
            (line, json!({})),
            (json!({"$ref": "#/missing"}), json!({"type": "string"})),
        ] {
            assert_eq!(
                misfit(writer.clone(), reader.clone()),
                None,
                "{writer} {reader}"
            );
        }
    }

    #[test]
    fn a_misfit_names_the_part_and_both_types() {
        let text = json!({"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]});
        let number = json!({"type": "object", "properties": {"text": {"type": "integer"}}, "required": ["text"]});
        for (writer, reader, expected) in [
            (
                json!({"type": "string"}),
                json!({"type": "integer"}),
                "the item is string, and integer is expected",
            ),
            (
                number,
                text.clone(),
                "`text` of the item is integer, and string is expected",
            ),
            (
                json!({"type": "object", "properties": {"words": {"type": "integer"}}}),
                text.clone(),
                "the item has no `text`, which is required",
            ),
            (
                json!({"type": "array", "items": {"type": "string"}}),
                json!({"type": "array", "items": {"type": "boolean"}}),
                "an element of the item is string, and boolean is expected",
            ),
            (
                json!({"enum": ["a"]}),
                json!({"enum": ["b"]}),
                "no value of the item is expected",
            ),
            (
                json!({"anyOf": [{"type": "null"}, {"type": "integer"}]}),
                text,
                "the item is null, and object is expected",
            ),
        ] {
            assert_eq!(misfit(writer, reader).as_deref(), Some(expected));
        }
    }
}
