use std::collections::VecDeque;
use std::time::Instant;

use super::fault::{Fault, ReportedError};
use crate::engine::truncate::{LONGEST_NAME, truncate};

/// Maximum number of remembered errors.
const MOST: usize = 50;

/// Maximum number of functions listed for one error.
const MOST_FUNCTIONS: usize = 32;

/// The most recent errors, the newest last. Errors with the same first cause are merged.
#[derive(Debug, Default)]
pub(super) struct Faults(VecDeque<Fault>);

impl Faults {
    /// Records a failed call. Within a run, consequences of an error are merged with it, regardless
    /// of the order in which they arrive.
    pub(super) fn add(
        &mut self,
        told: &ReportedError,
        function_id: &str,
        worker: Option<String>,
        run: Option<u64>,
        now: Instant,
    ) {
        let function_id = &*truncate(function_id, LONGEST_NAME);
        let began_here = told
            .first
            .stage
            .as_deref()
            .is_none_or(|stage| stage == function_id);
        let worker = worker.filter(|_| began_here);
        let same = |fault: &&mut Fault| {
            fault.run == run
                && if run.is_some() {
                    told.gave_way || fault.first == told.first
                } else {
                    fault.first == told.first && fault.functions == [function_id]
                }
        };
        if let Some(fault) = self.0.iter_mut().rev().find(same) {
            fault.at = now;
            fault.count += u64::from(run.is_none());
            fault.worker = fault.worker.take().or(worker);
            for function in told.through.iter().map(String::as_str).chain([function_id]) {
                let known = fault.first.stage.as_deref() == Some(function)
                    || fault.functions.iter().any(|known| known == function);
                if !known && fault.functions.len() < MOST_FUNCTIONS {
                    fault.functions.push(function.to_owned());
                }
            }
            return;
        }
        let mut functions = told.through.clone();
        if !functions.iter().any(|known| known == function_id) {
            functions.push(function_id.to_owned());
        }
        self.0.push_back(Fault {
            at: now,
            count: 1,
            first: told.first.clone(),
            functions,
            worker,
            run,
        });
        if self.0.len() > MOST {
            self.0.pop_front();
        }
    }

    /// The newest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.0.iter().rev()
    }

    /// Moves all errors of the run `from` to the run `to`.
    pub(super) fn moved(&mut self, from: u64, to: u64) {
        for fault in self.0.iter_mut().filter(|fault| fault.run == Some(from)) {
            fault.run = Some(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::{Faults, MOST};
    use crate::engine::runs::fault::ReportedError;
    use crate::wire::{Abort, ErrorBody};

    fn told(abort: &Abort) -> ReportedError {
        let message = serde_json::to_string(abort).unwrap();
        ReportedError::read(&ErrorBody::new(abort.code.clone(), message))
    }

    #[test]
    fn what_follows_from_an_error_of_a_run_joins_it() {
        let mut faults = Faults::default();
        let now = Instant::now();
        let of = |worker: &str| Some(worker.to_owned());
        let first = Abort::new("stage_failed", "not a number").at_stage("parse");
        let passed = first.clone().passed_on_by("sum");
        let gone = Abort::new("output_gone", "its reader went away").at_stage("read");
        faults.add(&told(&passed), "sum", of("b"), Some(1), now);
        faults.add(&told(&first), "parse", of("a"), Some(1), now);
        faults.add(&told(&gone), "read", None, Some(1), now);
        faults.add(&told(&first), "parse", None, Some(2), now);
        let listed: Vec<_> = faults.iter().collect();
        assert_eq!(listed.len(), 2);
        assert_eq!(listed[1].functions, ["sum", "read"]);
        assert_eq!(listed[1].count, 1);
        // The place where it started.
        assert_eq!(listed[1].worker, of("a"));
    }

    #[test]
    fn repeated_errors_are_counted_and_the_list_bounded() {
        let mut faults = Faults::default();
        let now = Instant::now();
        let error = ReportedError::read(&ErrorBody::new("c", "m"));
        for _ in 0..3 {
            faults.add(&error, "f", None, None, now);
        }
        assert_eq!(faults.iter().next().map(|fault| fault.count), Some(3));
        for at in 0..=MOST {
            faults.add(&error, &format!("f{at}"), None, None, now);
        }
        assert_eq!(faults.iter().count(), MOST);
        assert_eq!(
            faults.iter().next().unwrap().functions,
            [format!("f{MOST}")]
        );
    }
}
