use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Deserialize;

use super::ending::Ending;
use super::listed::RunsListing;
use super::payload_refs::refs_in;
use super::table::{EndRef, NewCall, Table};
use crate::engine::channels::ChannelRow;
use crate::engine::truncate::LONGEST_NAME;
use crate::sync::MutexExt;
use crate::transport::now;
use crate::wire::{EdgeLabel, ErrorBody, InvocationResult, Payload, StreamChannelRef};

/// The table of runs with its lock and its clock; empty if the engine has no dashboard.
///
/// Without the dashboard, each method returns immediately, so calls and channels have no overhead.
#[derive(Debug)]
pub(in crate::engine) struct Runs {
    /// Protects the table during one event. Never held together with another lock.
    table: Option<Mutex<Table>>,
}

impl Runs {
    /// Keeps a record of runs if `recorded` is set.
    pub(in crate::engine) fn new(recorded: bool) -> Self {
        Self {
            table: recorded.then(Mutex::default),
        }
    }

    /// Whether runs are recorded.
    pub(in crate::engine) fn is_recorded(&self) -> bool {
        self.table.is_some()
    }

    /// Records a new channel; `metadata` is that of the call which created it.
    pub(in crate::engine) fn created(
        &self,
        channel_id: &str,
        worker: &Arc<str>,
        name: Option<&str>,
        metadata: Option<&Payload>,
    ) {
        let Some(mut table) = self.lock() else { return };
        let label = metadata.and_then(|metadata| metadata.parse::<EdgeLabel>().ok());
        // pipewright's own names are UUIDs.
        let label = label.filter(|label| label.pipewright == 1 && label.run.len() <= LONGEST_NAME);
        table.created(channel_id, worker, name, label.as_ref(), now());
    }

    /// Records a call. A ref counts only if `knows` returns true for it, that is, if the end
    /// exists.
    pub(in crate::engine) fn called(
        &self,
        call: &NewCall<'_>,
        data: &Payload,
        knows: impl Fn(&StreamChannelRef) -> bool,
    ) {
        if !self.is_recorded() {
            return;
        }
        let mut ends = refs_in(data);
        ends.retain(|(end, _)| knows(end));
        if ends.is_empty() {
            return;
        }
        let ends: Vec<EndRef> = ends
            .into_iter()
            .map(|(end, is_cancel)| EndRef {
                channel_id: end.channel_id,
                direction: end.direction,
                is_cancel,
            })
            .collect();
        if let Some(mut table) = self.lock() {
            table.called(call, &ends, now());
        }
    }

    /// Records the result of a call.
    pub(in crate::engine) fn answered(&self, executor: &Arc<str>, result: &InvocationResult) {
        if !self.is_recorded() {
            return;
        }
        let key = (Arc::clone(executor), result.invocation_id.clone());
        let outcome = match &result.error {
            None => Ok(result.result.as_ref().and_then(items)),
            Some(error) => Err(error),
        };
        if let Some(mut table) = self.lock() {
            table.answered(&key, &result.function_id, outcome, now());
        }
    }

    /// Records a call that the engine refused.
    pub(in crate::engine) fn refused(&self, function_id: &str, error: &ErrorBody) {
        if let Some(mut table) = self.lock() {
            table.refused(function_id, error, now());
        }
    }

    /// Records that a worker has disconnected.
    pub(in crate::engine) fn left(&self, worker: &str) {
        if let Some(mut table) = self.lock() {
            table.left(worker, now());
        }
    }

    /// Records that a worker continues its calls under another id.
    pub(in crate::engine) fn renamed(&self, old: &Arc<str>, new: &Arc<str>) {
        if let Some(mut table) = self.lock() {
            table.renamed(old, new);
        }
    }

    /// Records the end of a channel.
    pub(in crate::engine) fn closed(&self, channel_id: &str, ending: Ending) {
        if let Some(mut table) = self.lock() {
            table.closed(channel_id, ending, now());
        }
    }

    /// Lists at most `limit` runs; `None` if runs are not recorded. `look` returns the rows of open
    /// channels.
    pub(in crate::engine) fn list(
        &self,
        limit: usize,
        look: impl FnOnce(&[String]) -> HashMap<String, ChannelRow>,
    ) -> Option<RunsListing> {
        // The tables are never locked at the same time.
        let wanted = RunsListing::wanted(&*self.lock()?, limit);
        let live = look(&wanted);
        Some(RunsListing::new(&*self.lock()?, &live, limit, now()))
    }

    fn lock(&self) -> Option<MutexGuard<'_, Table>> {
        // After a panic under the lock, at worst one run is displayed wrongly.
        let table = self.table.as_ref()?;
        Some(table.lock_unpoisoned())
    }
}

/// Numbers of input and output items from a stage's report (`docs/protocol.md` section 10.4).
fn items(result: &Payload) -> Option<(u64, u64)> {
    #[derive(Deserialize)]
    struct Report {
        items_in: u64,
        items_out: u64,
    }
    /// Reports are short, so longer results are not parsed.
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
