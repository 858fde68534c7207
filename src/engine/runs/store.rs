use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Deserialize;

use super::ending::Ending;
use super::found::refs_in;
use super::listed::RunsListing;
use super::table::{EndRef, NewCall, Table};
use crate::engine::channels::{Channels, Listed};
use crate::engine::cut::LONGEST_NAME;
use crate::wire::{EdgeLabel, ErrorBody, InvocationResult, Payload};

/// The table of runs with its lock and its clock.
#[derive(Debug, Default)]
pub(in crate::engine) struct Runs {
    /// Protects the table for one event. Never held together with another lock.
    table: Mutex<Table>,
}

impl Runs {
    /// A worker has made a channel; `metadata` is what it said beside the call.
    pub(in crate::engine) fn created(
        &self,
        channel_id: &str,
        worker: &Arc<str>,
        name: Option<&str>,
        metadata: Option<&Payload>,
    ) {
        let label = metadata.and_then(|metadata| metadata.parse::<EdgeLabel>().ok());
        // A name is a UUID, where pipewright gives it.
        let label = label.filter(|label| label.pipewright == 1 && label.run.len() <= LONGEST_NAME);
        self.lock()
            .created(channel_id, worker, name, label.as_ref(), now());
    }

    /// A call is on its way. Refs count only if they would open an end.
    pub(in crate::engine) fn called(
        &self,
        call: &NewCall<'_>,
        data: &Payload,
        channels: &Channels,
    ) {
        let mut ends = refs_in(data);
        ends.retain(|(end, _)| channels.knows(end));
        if ends.is_empty() {
            return;
        }
        let ends: Vec<EndRef> = ends
            .into_iter()
            .map(|(end, leash)| EndRef {
                channel_id: end.channel_id,
                direction: end.direction,
                leash,
            })
            .collect();
        self.lock().called(call, &ends, now());
    }

    /// A call has its result.
    pub(in crate::engine) fn answered(&self, executor: &Arc<str>, result: &InvocationResult) {
        let key = (Arc::clone(executor), result.invocation_id.clone());
        let outcome = match &result.error {
            None => Ok(result.result.as_ref().and_then(items)),
            Some(error) => Err(error),
        };
        self.lock()
            .answered(&key, &result.function_id, outcome, now());
    }

    /// A call was refused by the engine itself.
    pub(in crate::engine) fn refused(&self, function_id: &str, error: &ErrorBody) {
        self.lock().refused(function_id, error, now());
    }

    /// A worker has gone.
    pub(in crate::engine) fn left(&self, worker: &str) {
        self.lock().left(worker, now());
    }

    /// A channel is over.
    pub(in crate::engine) fn closed(&self, channel_id: &str, ending: Ending) {
        self.lock().closed(channel_id, ending, now());
    }

    /// What others may know, `limit` runs at the most.
    pub(in crate::engine) fn list(&self, limit: usize, channels: &Channels) -> RunsListing {
        let wanted = RunsListing::wanted(&self.lock(), limit);
        let live: HashMap<String, Listed> = channels.look(&wanted);
        RunsListing::new(&self.lock(), &live, limit, now())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // A panic under the lock can leave one run drawn wrongly, and nothing else.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Items in and out, of a result that is the report of a stage (`docs/stage-contract.md`).
fn items(result: &Payload) -> Option<(u64, u64)> {
    #[derive(Deserialize)]
    struct Report {
        items_in: u64,
        items_out: u64,
    }
    /// A report is short; nothing else is read.
    const LONGEST: usize = 4 << 10;
    if result.as_json().len() > LONGEST {
        return None;
    }
    let Report {
        items_in,
        items_out,
    } = result.parse().ok()?;
    Some((items_in, items_out))
}

/// The time as tokio has it, so that tests can pause it.
fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
