use pipewright::Worker;
use serde_json::Value;

use super::item_schema::ItemSchema;
use super::lists::{self, Entry};
use super::similar::similar;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::terminal::table::sanitized;

/// The functions that an engine lists, including stages.
pub(crate) struct KnownFunctions {
    /// Sorted.
    ids: Vec<String>,
    functions: Vec<Entry>,
    /// Whether the list has every function.
    is_complete: bool,
}

/// The input or output of a stage, as far as the engine knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Bytes,
    /// Lines of text.
    Lines,
    /// JSON values.
    Ndjson {
        /// Whether every value is a JSON string.
        is_text: bool,
    },
    /// Items in a format that the program does not convert.
    Other(String),
}

impl Stream {
    fn of(stream: &Value) -> Option<Self> {
        let field = |name: &str| stream.get(name).and_then(Value::as_str);
        Some(match field("format")? {
            "bytes" => Self::Bytes,
            "lines" => Self::Lines,
            "ndjson" => Self::Ndjson {
                is_text: field("item") == Some("String"),
            },
            other => Self::Other(sanitized(other)),
        })
    }
}

/// Maximum number of ids in an error.
const SHOWN: usize = 12;

impl KnownFunctions {
    /// Queries the engine.
    pub(crate) async fn ask(worker: &Worker) -> Result<Self, Failure> {
        let listed = lists::functions(worker).await?;
        let (is_complete, functions) = (listed.is_complete(), listed.entries);
        let ids = functions.iter().map(|listed| listed.text("function_id"));
        let mut ids: Vec<_> = ids.map(str::to_owned).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Self {
            ids,
            functions,
            is_complete,
        })
    }

    /// The input of the stage `id`, if it declares one.
    pub(crate) fn input(&self, id: &str) -> Option<Stream> {
        self.stream(id, "input")
    }

    /// The output of the stage `id`, if it declares one.
    pub(crate) fn output(&self, id: &str) -> Option<Stream> {
        self.stream(id, "output")
    }

    /// The registrations of `id`, one for each worker.
    pub(crate) fn entries(&self, id: &str) -> Vec<&Entry> {
        let is_it = |function: &&Entry| function.text("function_id") == id;
        self.functions.iter().filter(is_it).collect()
    }

    /// Why the stage `reader` cannot read the items of the stage `writer`, as far as both declare them.
    pub(crate) fn misfit(&self, writer: &str, reader: &str) -> Option<String> {
        let writes = ItemSchema::of_output(self.function(writer)?)?;
        ItemSchema::of_input(self.function(reader)?)?.misfit(&writes)
    }

    fn function(&self, id: &str) -> Option<&Entry> {
        let is_it = |function: &&Entry| function.text("function_id") == id;
        self.functions.iter().find(is_it)
    }

    fn stream(&self, id: &str, side: &str) -> Option<Stream> {
        let metadata = self.function(id)?.get("metadata")?;
        metadata.get("pipewright")?;
        Stream::of(metadata.get(side)?)
    }

    /// Whether no function has this id. Returns `false` if the list is incomplete, because the
    /// answer is then unknown.
    pub(crate) fn lacks(&self, id: &str) -> bool {
        let found = self.ids.binary_search_by(|known| known.as_str().cmp(id));
        self.is_complete && found.is_err()
    }

    /// The most similar id.
    pub(crate) fn similar(&self, id: &str) -> Option<&str> {
        similar(id, self.ids.iter().map(String::as_str))
    }

    /// The hint for an unknown id.
    pub(crate) fn hint(&self, id: &str) -> String {
        if let Some(meant) = self.similar(id) {
            return format!("did you mean `{meant}`?");
        }
        match self.ids.split_at_checked(SHOWN) {
            _ if self.ids.is_empty() => {
                "no worker has registered anything at this engine; start the worker of the stage"
                    .to_owned()
            }
            Some((first, more)) if !more.is_empty() => format!(
                "start the worker of the stage; the engine has {} and {} more",
                first.join(", "),
                more.len()
            ),
            _ => format!(
                "start the worker of the stage; the engine has {}",
                self.ids.join(", ")
            ),
        }
    }

    /// Returns an error for the first unknown id of `ids`.
    pub(crate) fn check<'a>(&self, ids: impl IntoIterator<Item = &'a str>) -> Result<(), Failure> {
        match ids.into_iter().find(|id| self.lacks(id)) {
            None => Ok(()),
            Some(id) => Err(self.unknown(id)),
        }
    }

    /// The failure for an unknown id.
    pub(crate) fn unknown(&self, id: &str) -> Failure {
        let message = format!("no worker has the stage `{id}`");
        Failure::new(Exit::StageFailed, message).hint(self.hint(id))
    }
}
