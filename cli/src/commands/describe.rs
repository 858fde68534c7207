//! `pipewright describe`.

use clap::Args;
use serde_json::{Map, Value, json};

use crate::engine_client::connect::Connect;
use crate::engine_client::known_functions::KnownFunctions;
use crate::engine_client::lists::{Entry, Stage};
use crate::failure::Failure;
use crate::terminal::output::{Output, print, print_json, terminal_width};
use crate::terminal::table::{Column, Table, sanitized};

#[derive(Args)]
#[command(after_help = "\
Examples:
  pipewright describe log::parse
  pipewright describe log::parse --output json | jq -r '.parameters[].name'

It shows what workers have registered: the items, formats and order of the stage, and its parameters
with their types and defaults. The packages for Python and TypeScript register parameters, Rust
workers do not.")]
pub(crate) struct Arguments {
    /// The id of the stage or function.
    #[arg(value_name = "STAGE")]
    stage: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    connect: Connect,
}

/// Describes one stage.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let worker = arguments.connect.worker().await?;
    let known = KnownFunctions::ask(&worker).await?;
    let id = arguments.stage.as_str();
    let entries = known.entries(id);
    let Some(first) = entries.first() else {
        return Err(known.unknown(id));
    };
    let parameters = parameters(first);
    if arguments.output.is_json() {
        let listed = parameters.as_ref().map(|listed| {
            let listed = listed.iter().map(Parameter::as_json);
            listed.collect::<Vec<_>>()
        });
        return print_json(&json!({ "id": id, "registered": entries, "parameters": listed }));
    }
    let mut text = heading(first, &entries);
    match parameters {
        Some(parameters) if parameters.is_empty() => text.push_str("\nIt has no parameters.\n"),
        Some(parameters) => {
            text.push('\n');
            text.push_str(&table(&parameters).to_text(terminal_width()));
        }
        None => text.push_str("\nIts worker has not registered the parameters.\n"),
    }
    Ok(print(&text)?)
}

/// The properties of a stage, one on each line.
fn heading(first: &Entry, entries: &[&Entry]) -> String {
    let mut lines = Vec::new();
    match Stage::of(first) {
        Some(stage) => {
            lines.push(("kind", stage.kind));
            lines.push(("in", stage.input));
            lines.push(("out", stage.output));
            lines.push(("order", order(first).to_owned()));
        }
        None => lines.push((
            "kind",
            "function that is not registered as a stage".to_owned(),
        )),
    }
    let mut workers: Vec<_> = entries.iter().map(|entry| entry.worker()).collect();
    workers.dedup();
    lines.push(("workers", workers.join(", ")));
    lines.push(("namespace", first.namespace()));
    lines.push(("about", first.text("description").to_owned()));
    let lines = lines.iter().filter(|(_, value)| !value.is_empty());
    let lines = lines.map(|(name, value)| format!("  {name:9}  {}\n", sanitized(value)));
    let lines: String = lines.collect();
    format!("{}\n{lines}", sanitized(first.text("function_id")))
}

/// Whether the outputs keep the order of the items.
fn order(stage: &Entry) -> &'static str {
    let metadata = stage.get("metadata");
    match metadata.and_then(|metadata| metadata.get("keeps_order")?.as_bool()) {
        Some(true) => "kept",
        _ => "not declared",
    }
}

/// A parameter of a stage.
struct Parameter {
    name: String,
    kind: String,
    default: Option<Value>,
    is_required: bool,
    description: String,
}

impl Parameter {
    fn as_json(&self) -> Value {
        let mut json = Map::new();
        json.insert("name".to_owned(), self.name.clone().into());
        json.insert("type".to_owned(), self.kind.clone().into());
        json.insert("required".to_owned(), self.is_required.into());
        if let Some(default) = &self.default {
            json.insert("default".to_owned(), default.clone());
        }
        if !self.description.is_empty() {
            json.insert("description".to_owned(), self.description.clone().into());
        }
        Value::Object(json)
    }
}

/// The parameters in the request format of a stage; `None` if its worker does not declare them.
fn parameters(stage: &Entry) -> Option<Vec<Parameter>> {
    let request = stage.get("request_format")?;
    let properties = request.get("properties")?.as_object()?;
    let Some(params) = properties.get("params") else {
        return Some(Vec::new());
    };
    let root = params;
    let params = resolved(params, root);
    let required = params.get("required").and_then(Value::as_array);
    let is_required = |name: &str| {
        let mut names = required.into_iter().flatten().filter_map(Value::as_str);
        names.any(|required| required == name)
    };
    let Some(fields) = params.get("properties").and_then(Value::as_object) else {
        return Some(vec![Parameter {
            name: "params".to_owned(),
            kind: kind(params, root),
            default: params.get("default").cloned(),
            is_required: false,
            description: text(params, "description"),
        }]);
    };
    let fields = fields.iter().map(|(name, field)| Parameter {
        name: name.clone(),
        kind: kind(field, root),
        default: field.get("default").cloned(),
        is_required: is_required(name),
        description: text(field, "description"),
    });
    Some(fields.collect())
}

/// Follows a reference to a definition within the schema.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let place = reference.and_then(|reference| reference.strip_prefix('#'));
    place.and_then(|at| root.pointer(at)).unwrap_or(schema)
}

/// The type of a value, as far as its schema states it.
fn kind(schema: &Value, root: &Value) -> String {
    let schema = resolved(schema, root);
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values = values.iter().map(ToString::to_string);
        return values.collect::<Vec<_>>().join(" | ");
    }
    match schema.get("type") {
        Some(Value::String(name)) if name == "array" => match schema.get("items") {
            Some(items) if items.get("$ref").is_none() => format!("array of {}", kind(items, root)),
            _ => name.clone(),
        },
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names = names.iter().filter_map(Value::as_str);
            names.collect::<Vec<_>>().join(" | ")
        }
        _ => match schema.get("anyOf").and_then(Value::as_array) {
            Some(kinds) if kinds.iter().all(|kind| kind.get("anyOf").is_none()) => {
                let kinds = kinds
                    .iter()
                    .map(|schema| text(resolved(schema, root), "type"));
                kinds.collect::<Vec<_>>().join(" | ")
            }
            _ => "any".to_owned(),
        },
    }
}

fn text(schema: &Value, name: &str) -> String {
    let text = schema.get(name).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn table(parameters: &[Parameter]) -> Table {
    let mut table = Table::new([
        Column::text("PARAMETER"),
        Column::text("TYPE"),
        Column::text("DEFAULT"),
        Column::optional("DESCRIPTION"),
    ]);
    for parameter in parameters {
        let default = match &parameter.default {
            Some(default) => default.to_string(),
            None if parameter.is_required => "required".to_owned(),
            None => "-".to_owned(),
        };
        table.push([
            parameter.name.clone(),
            parameter.kind.clone(),
            default,
            parameter.description.clone(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::kind;

    #[test]
    fn a_schema_is_shown_as_a_type() {
        let root = json!({ "$defs": { "Level": { "enum": ["a", 1] } } });
        for (schema, expected) in [
            (json!({ "type": "integer" }), "integer"),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (
                json!({ "type": "array", "items": { "type": "number" } }),
                "array of number",
            ),
            (json!({ "$ref": "#/$defs/Level" }), "\"a\" | 1"),
            (
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
                "string | null",
            ),
            (json!({}), "any"),
            (json!({ "$ref": "#/none" }), "any"),
        ] {
            assert_eq!(kind(&schema, &root), expected, "{schema}");
        }
    }
}
