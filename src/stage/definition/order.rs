//! Determines whether copies of a stage can keep the order of a stream.

use std::time::Duration;

use serde_json::{Value, json};

use super::super::StageError;
use crate::worker::Worker;

/// Whether a stage returns outputs in the order of their items, with the messages of the stream
/// protocol at the right positions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepsOrder {
    /// It does, so its copies can take turns.
    Yes,
    /// Its code controls the whole stream. One copy keeps the order of its own outputs; several
    /// copies do not.
    Alone,
    /// It does not.
    No,
    /// Only the worker of the stage knows.
    Unknown,
}

impl KeepsOrder {
    /// The order of two stages in sequence.
    pub(crate) fn and(self, next: Self) -> Self {
        use KeepsOrder::{Alone, No, Unknown, Yes};
        match (self, next) {
            (No, _) | (_, No) => No,
            (Alone, _) | (_, Alone) => Alone,
            (Unknown, _) | (_, Unknown) => Unknown,
            (Yes, Yes) => Yes,
        }
    }
}

/// Lists functions with their metadata, which describes stages.
const LIST: &str = "engine::functions::list";

/// Timeout of that call.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Rejects copies of the stage `id` on another worker unless it has declared that it keeps the
/// order.
///
/// If no worker has the stage, the trigger reports that later.
pub(crate) async fn check_order(worker: &Worker, id: &str) -> Result<(), StageError> {
    let listed = worker.trigger(LIST, &json!({})).timeout(TIMEOUT);
    let answer: Value = match listed.idempotent().call().await {
        Ok(answer) => answer,
        Err(error) => {
            let reason = format!("the engine does not say whether it does: {error}");
            return Err(unordered(id, &reason));
        }
    };
    let functions = answer.get("functions").and_then(Value::as_array);
    let named = |function: &&Value| function.get("function_id").and_then(Value::as_str) == Some(id);
    let declares = |function: &Value| {
        let metadata = function.get("metadata");
        let keeps = metadata.and_then(|metadata| metadata.get("keeps_order"));
        keeps.and_then(Value::as_bool) == Some(true)
    };
    if functions.into_iter().flatten().filter(named).all(declares) {
        return Ok(());
    }
    Err(unordered(id, "it does not declare that it does"))
}

/// The error for ordered copies of a stage, with the remedy.
pub(crate) fn unordered(id: &str, reason: &str) -> StageError {
    let message = format!(
        "copies of this stage cannot keep the order of the items: {reason}. Use `parallel`, where \
         the order does not matter; or a stage of pipewright that handles one item at a time; or, \
         for a stage of another worker that passes on the messages of the stream protocol in their \
         places, declare it with `remote(..).keeping_order()`"
    );
    StageError::new(StageError::UNORDERED, id, message)
}
