use std::collections::HashMap;

use serde_json::Value;

/// Maximum length of a name in a message, in characters.
const MAX_SHOWN: usize = 60;
/// Maximum number of newtypes and references to follow; a cycle would not end.
const MAX_STEPS: usize = 32;
/// Maximum number of levels in the displayed name of a type.
const MAX_LEVELS: usize = 4;

/// A schema and the types that it defines.
pub(super) struct Document<'a> {
    types: HashMap<&'a str, &'a Value>,
}

/// One node of a schema.
pub(super) enum View<'a> {
    Scalar(&'a str),
    Option(&'a Value),
    List(&'a Value),
    Map((&'a Value, &'a Value)),
    Array(&'a Value, u64),
    /// The members of a struct or tuple.
    Fields(Vec<Member<'a>>),
    Variants(Vec<Member<'a>>),
    /// Not known to this version.
    Strange,
}

/// A field or a variant.
pub(super) struct Member<'a> {
    pub(super) name: Option<&'a str>,
    pub(super) of: &'a Value,
}

impl Member<'_> {
    pub(super) fn shown(&self) -> String {
        shown(self.name.unwrap_or("?"))
    }
}

impl<'a> View<'a> {
    /// Reads a schema that is neither a reference nor a newtype.
    pub(super) fn of(schema: &'a Value) -> Self {
        Self::read(schema).unwrap_or(Self::Strange)
    }

    fn read(schema: &'a Value) -> Option<Self> {
        if let Some(name) = schema.as_str() {
            return Some(Self::Scalar(name));
        }
        Some(if let Some(of) = schema.get("option") {
            Self::Option(of)
        } else if let Some(of) = schema.get("list") {
            Self::List(of)
        } else if let Some(of) = schema.get("map") {
            Self::Map((of.get(0)?, of.get(1)?))
        } else if let Some(of) = schema.get("array") {
            Self::Array(of, schema.get("len")?.as_u64()?)
        } else if let Some(parts) = schema.get("tuple") {
            let parts = parts.as_array()?.iter();
            Self::Fields(parts.map(|of| Member { name: None, of }).collect())
        } else if let Some(fields) = schema.get("fields") {
            Self::Fields(members(fields)?)
        } else {
            Self::Variants(members(schema.get("variants")?)?)
        })
    }
}

fn members(list: &Value) -> Option<Vec<Member<'_>>> {
    list.as_array()?.iter().map(member).collect()
}

fn member(pair: &Value) -> Option<Member<'_>> {
    match pair.as_array()?.as_slice() {
        [name @ (Value::Null | Value::String(_)), of] => Some(Member {
            name: name.as_str(),
            of,
        }),
        _ => None,
    }
}

impl<'a> Document<'a> {
    pub(super) fn new(schema: &'a Value) -> Self {
        let mut types = HashMap::new();
        // An explicit stack, because the peer's schema may be nested arbitrarily deep.
        let mut left = vec![schema];
        while let Some(schema) = left.pop() {
            match schema {
                Value::Array(parts) => left.extend(parts),
                Value::Object(parts) => {
                    for word in ["struct", "newtype", "enum"] {
                        if let Some(label) = parts.get(word).and_then(Value::as_str) {
                            types.insert(label, schema);
                        }
                    }
                    left.extend(parts.values());
                }
                _ => {}
            }
        }
        Self { types }
    }

    /// Follows references and newtypes.
    pub(super) fn resolve(&self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        for _ in 0..MAX_STEPS {
            let label = schema.get("ref").and_then(Value::as_str);
            let inner = match label {
                Some(label) => self.types.get(label).copied(),
                None => schema.get("newtype").and(schema.get("of")),
            };
            match inner {
                Some(inner) => schema = inner,
                None => break,
            }
        }
        schema
    }

    /// Formats a type as Rust would write it.
    pub(super) fn name(&self, schema: &'a Value) -> String {
        self.named(schema, MAX_LEVELS)
    }

    fn named(&self, schema: &'a Value, levels: usize) -> String {
        let schema = self.resolve(schema);
        if levels == 0 {
            return "..".to_owned();
        }
        let name = |of: &'a Value| self.named(of, levels - 1);
        for word in ["struct", "enum"] {
            if let Some(label) = schema.get(word).and_then(Value::as_str) {
                return format!("{word} {}", shown(label));
            }
        }
        match View::of(schema) {
            View::Scalar(scalar) => shown(scalar),
            View::Option(of) => format!("option<{}>", name(of)),
            View::List(of) => format!("list<{}>", name(of)),
            View::Map(of) => format!("map<{}, {}>", name(of.0), name(of.1)),
            View::Array(of, len) => format!("[{}; {len}]", name(of)),
            View::Fields(parts) if parts.len() <= MAX_LEVELS => {
                let parts: Vec<_> = parts.iter().map(|part| name(part.of)).collect();
                format!("({})", parts.join(", "))
            }
            View::Fields(parts) => format!("{} fields", parts.len()),
            View::Variants(_) => "an enum".to_owned(),
            View::Strange => "a type that this version does not know".to_owned(),
        }
    }
}

/// A name from the peer, sanitised for a message.
pub(super) fn shown(name: &str) -> String {
    let mut shown: String = name
        .chars()
        .take(MAX_SHOWN)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("..");
    }
    shown
}
