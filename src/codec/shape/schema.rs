use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::traced::{Key, Named, Traced};

/// Stands for an unknown part of a type.
pub(super) const UNKNOWN: &str = "unknown";

/// Writes a traced type as a schema.
pub(super) fn of(traced: &Traced, named: &HashMap<Key, Named>) -> Option<Value> {
    Writer {
        named,
        labels: HashMap::new(),
        taken: HashSet::new(),
    }
    .write(traced)
}

struct Writer<'a> {
    named: &'a HashMap<Key, Named>,
    /// Types that were already written.
    labels: HashMap<Key, String>,
    taken: HashSet<String>,
}

impl Writer<'_> {
    fn write(&mut self, traced: &Traced) -> Option<Value> {
        Some(match traced {
            Traced::Unknown => json!(UNKNOWN),
            Traced::Scalar(name) => json!(name),
            Traced::Option(of) => json!({ "option": self.write(of)? }),
            Traced::List(of) => json!({ "list": self.write(of)? }),
            Traced::Map(of) => json!({ "map": [self.write(&of.0)?, self.write(&of.1)?] }),
            Traced::Tuple(parts) => match parts.split_first() {
                Some((first, rest)) if !rest.is_empty() && rest.iter().all(|it| it == first) => {
                    json!({ "array": self.write(first)?, "len": parts.len() })
                }
                _ => {
                    let parts: Option<Vec<_>> = parts.iter().map(|it| self.write(it)).collect();
                    json!({ "tuple": parts? })
                }
            },
            Traced::Fields(fields) => {
                let fields = fields.iter().map(|(name, of)| (*name, of));
                json!({ "fields": self.members(fields)? })
            }
            Traced::Named(key) => return self.named(*key),
        })
    }

    fn named(&mut self, key: Key) -> Option<Value> {
        if let Some(label) = self.labels.get(&key) {
            return Some(json!({ "ref": label }));
        }
        let label = self.label(key.1);
        self.labels.insert(key, label.clone());
        let named = self.named;
        Some(match named.get(&key)? {
            Named::Newtype(of) => json!({ "newtype": label, "of": self.write(of)? }),
            Named::Struct(of) => {
                let mut schema = self.write(of)?;
                schema
                    .as_object_mut()?
                    .insert("struct".to_owned(), label.into());
                schema
            }
            Named::Enum(variants) => {
                let variants = variants.iter().map(|(name, of)| (*name, of));
                json!({ "enum": label, "variants": self.members(variants)? })
            }
        })
    }

    fn members<'t>(
        &mut self,
        members: impl Iterator<Item = (Option<&'t str>, &'t Traced)>,
    ) -> Option<Vec<Value>> {
        members
            .map(|(name, of)| Some(json!([name, self.write(of)?])))
            .collect()
    }

    /// A unique label for a type whose name may be ambiguous.
    fn label(&mut self, name: &str) -> String {
        let mut label = name.to_owned();
        let mut number = 1;
        while !self.taken.insert(label.clone()) {
            number += 1;
            label = format!("{name}#{number}");
        }
        label
    }
}
