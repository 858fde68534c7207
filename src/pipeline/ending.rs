//! How a run ends: the rules that both executors share.

use super::run_error::RunError;
use crate::stage::StageError;
use weight::{TRUNCATED, WEAK, weight};

/// The events of the parts of a run, and the resulting end of the run. No I/O, no clock.
///
/// A part is a stage, or an operator such as a merge. Edges lead from one part to another, and the
/// last edge leads to the run itself. The edges that a failed part writes to determine its result:
///
/// | failure of the part | reader of its output | result |
/// |---|---|---|
/// | its reader wanted no more | any | stopped early |
/// | any | left the stream early, and succeeded or stopped early | stopped early |
/// | its output was lost, or it is a foreign function | left early, now or later | stopped early |
/// | its worker was lost, or it does not end | reports a truncated input | failed: the first cause |
/// | it was cancelled after a request to stop | has ended | stopped early |
/// | any other | any | failed |
///
/// A part that stopped early is not a failure of the run. The first cause is a failure that no
/// other failed part leads to. If there are several, it is the one with the most specific error,
/// then the earliest.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    parts: Vec<Part>,
    /// Why the run was ended from outside: cancellation or deadline.
    stop: Option<StageError>,
    /// In order of arrival.
    failures: Vec<Failure>,
    /// The parts that did not end although they were stopped.
    unresponsive: Vec<(usize, StageError)>,
    /// Set if all failures are caused by a lost connection to the engine.
    disconnected: Option<StageError>,
}

#[derive(Clone, Debug)]
struct Part {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    state: State,
    /// Whether it was notified that its output is no longer read.
    told: bool,
    /// Whether it was abandoned, so that the run no longer waits for it.
    abandoned: bool,
    /// The result of its code, while its ends are still being closed.
    code: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// It succeeded; `left` if it did not read its input to the end.
    Well {
        left: bool,
    },
    GaveWay,
    /// It lost its output. Its reader determines what that means.
    Lost,
    /// It failed; see [`weight`]. If it is a `foreign` function, its reader determines what that
    /// means.
    Failed {
        weight: u8,
        foreign: bool,
    },
}

#[derive(Clone, Debug)]
struct Failure {
    /// `None` for the run's own end.
    part: Option<usize>,
    error: StageError,
    /// Whether it arrived after the run was ended from outside.
    stopped: bool,
}

/// The end of a run.
#[derive(Clone, Debug)]
pub(super) enum End {
    Complete,
    /// Complete, but the readers of these edges stopped before the end of the stream.
    StoppedEarly(Vec<usize>),
    /// With the first cause and the failures that followed from it.
    Failed(RunError),
    Cancelled(RunError),
    Deadline(RunError),
}

impl Ending {
    /// Adds a part between edges and returns its number, from 0.
    pub(super) fn part(&mut self, inputs: Vec<usize>, outputs: Vec<usize>) -> usize {
        self.parts.push(Part {
            inputs,
            outputs,
            state: State::Running,
            told: false,
            abandoned: false,
            code: None,
        });
        self.parts.len() - 1
    }

    /// Records that the part `at` succeeded; `left` if it did not read its input to the end.
    pub(super) fn ended_well(&mut self, at: usize, left: bool) {
        self.parts[at].state = State::Well { left };
    }

    /// Records that the code of the part `at` has ended, with `failure` or successfully. The part
    /// itself has not ended yet.
    pub(super) fn code_ended(&mut self, at: usize, failure: Option<&StageError>, left: bool) {
        self.parts[at].code = Some(match failure {
            None => State::Well { left },
            Some(error) => self.state_after(at, error),
        });
    }

    /// Records that the part `at` failed with `error`.
    pub(super) fn ended_badly(&mut self, at: usize, error: StageError) {
        self.parts[at].state = self.state_after(at, &error);
        self.failures.push(Failure {
            part: Some(at),
            error,
            stopped: self.stop.is_some(),
        });
    }

    fn state_after(&self, at: usize, error: &StageError) -> State {
        let code = error.abort().code.as_str();
        let told = self.parts[at].told && code == StageError::CANCELLED && self.stop.is_none();
        // A reader that fails also disconnects. A part that was lost with its worker did not stop
        // because of its reader.
        let gave_way =
            self.was_left(at) || (code != StageError::LOST && self.reader_failed(at, error));
        let truncated = |reader: &Part| matches!(reader.after_code(), State::Failed { weight, .. } if weight == TRUNCATED);
        let silent = code == StageError::LOST && self.all_readers(at, truncated);
        let abandoned = self.parts[at].abandoned && !silent;
        if error.is_output_gone() || told || gave_way || abandoned {
            State::GaveWay
        } else if error.is_output_lost() {
            State::Lost
        } else {
            let foreign = error.is_foreign();
            let weight = weight(error);
            State::Failed { weight, foreign }
        }
    }

    /// Records that all failures come from a lost connection to the engine, described by `lost`.
    pub(super) fn disconnected(&mut self, lost: StageError) {
        self.disconnected = Some(lost);
    }

    /// Records that the part `at` did not end although it was stopped.
    pub(super) fn unresponsive(&mut self, at: usize, error: StageError) {
        self.unresponsive.push((at, error));
    }

    /// Stops waiting for the part `at`, whose output is no longer read.
    pub(super) fn abandon(&mut self, at: usize) {
        self.parts[at].abandoned = true;
    }

    /// Whether all running parts are abandoned.
    pub(super) fn is_abandoned(&self) -> bool {
        let waits = |part: &Part| part.state == State::Running && !part.abandoned;
        !self.parts.iter().any(waits)
    }

    /// Whether the part `at` is running.
    pub(super) fn is_running(&self, at: usize) -> bool {
        self.parts[at].state == State::Running
    }

    /// Records that the run's own end failed.
    pub(super) fn failed(&mut self, error: StageError) {
        self.failures.push(Failure {
            part: None,
            error,
            stopped: self.stop.is_some(),
        });
    }

    /// Records that the run was ended from outside. Only the first reason counts.
    pub(super) fn stop(&mut self, reason: StageError) {
        self.stop.get_or_insert(reason);
    }

    /// Returns the running parts whose output is no longer read and that were not notified, and
    /// marks them as notified.
    pub(super) fn tell_unread(&mut self) -> Vec<usize> {
        let unread = (0..self.parts.len()).filter(|&at| {
            let part = &self.parts[at];
            part.state == State::Running && !part.told && self.all_readers(at, Part::is_over)
        });
        let unread: Vec<_> = unread.collect();
        for &at in &unread {
            self.parts[at].told = true;
        }
        unread
    }

    /// The parts that read the output of the part `at`, with the number of their input; `None` for
    /// the run itself.
    pub(super) fn readers(&self, at: usize) -> Vec<Option<(usize, usize)>> {
        let outputs = self.parts[at].outputs.iter();
        outputs.map(|&edge| self.reader(edge)).collect()
    }

    /// Whether a part has failed, so that the rest should end soon.
    pub(super) fn has_failed(&self) -> bool {
        let bad = |part: &Part| matches!(part.after_code(), State::Failed { .. } | State::Lost);
        self.parts.iter().any(bad)
    }

    /// Whether all failures are lost connections.
    pub(super) fn is_disconnection(&self) -> bool {
        let mut real = self
            .failures
            .iter()
            .filter(|one| self.is_real(one))
            .peekable();
        self.stop.is_none() && real.peek().is_some() && real.all(|one| one.error.is_connection())
    }

    /// The first failure that is more than an early stop, for observers.
    pub(super) fn first_failure(&self) -> Option<&StageError> {
        let real = self.failures.iter().find(|one| self.is_real(one));
        self.stop.as_ref().or(real.map(|one| &one.error))
    }

    /// Decides the end of the run.
    pub(super) fn verifier(mut self) -> End {
        if let Some(lost) = self.disconnected {
            let cascaded = self.failures.into_iter().map(|one| one.error).collect();
            return End::Failed(RunError::new(lost, cascaded));
        }
        let before = |one: &&Failure| self.is_real(one) && !one.stopped;
        let cause = self.cause();
        if let Some(stop) = self.stop.clone()
            && self.failures.iter().find(before).is_none()
        {
            let cascaded = self.failures.into_iter().map(|one| one.error).collect();
            let overdue = stop.abort().code == RunError::DEADLINE;
            let error = RunError::new(stop, cascaded);
            return if overdue {
                End::Deadline(error)
            } else {
                End::Cancelled(error)
            };
        }
        if let Some(cause) = cause {
            let cause = match self.unresponsive_writer(&self.failures[cause]) {
                Some(writer) => writer.clone(),
                None => self.failures.remove(cause).error,
            };
            let cascaded = self.failures.into_iter().map(|one| one.error);
            return End::Failed(RunError::new(cause, cascaded.chain(self.stop).collect()));
        }
        let gave_way = |at: &usize| match self.parts[*at].state {
            State::GaveWay => true,
            State::Lost | State::Failed { foreign: true, .. } => self.was_left(*at),
            _ => false,
        };
        let left: Vec<_> = (0..self.parts.len())
            .filter(gave_way)
            .flat_map(|at| self.parts[at].outputs.iter().copied())
            .collect();
        if left.is_empty() {
            End::Complete
        } else {
            End::StoppedEarly(left)
        }
    }

    /// The failure that is the first cause.
    fn cause(&self) -> Option<usize> {
        let real = (0..self.failures.len()).filter(|&at| self.is_real(&self.failures[at]));
        let real: Vec<_> = real.collect();
        let leads = |other: usize, at: usize| {
            let (other, one) = (&self.failures[other], &self.failures[at]);
            weight(&other.error) < WEAK
                && match (other.part, one.part) {
                    (Some(before), Some(after)) => self.is_before(before, after),
                    (Some(_), None) => true,
                    (None, _) => false,
                }
        };
        let first = |at: &usize| !real.iter().any(|&other| leads(other, *at));
        let firsts = real.iter().copied().filter(first);
        firsts.min_by_key(|&at| weight(&self.failures[at].error))
    }

    /// The unresponsive part that writes the input which `failure` reports as truncated.
    fn unresponsive_writer(&self, failure: &Failure) -> Option<&StageError> {
        if weight(&failure.error) != TRUNCATED {
            return None;
        }
        let writes_to = |at: usize| {
            let reader = |reader: Option<(usize, usize)>| reader.map(|(reader, _)| reader);
            self.readers(at)
                .into_iter()
                .map(reader)
                .any(|reader| reader == failure.part)
        };
        let mut writers = self.unresponsive.iter().filter(|(at, _)| writes_to(*at));
        writers.next().map(|(_, error)| error)
    }

    /// Whether a failure is more than an early stop.
    fn is_real(&self, failure: &Failure) -> bool {
        match failure.part.map(|at| (at, self.parts[at].state)) {
            Some((_, State::GaveWay)) => false,
            Some((at, State::Lost | State::Failed { foreign: true, .. })) => !self.was_left(at),
            _ => true,
        }
    }

    /// Whether the readers of the output of the part `at` stopped reading early without failing.
    fn was_left(&self, at: usize) -> bool {
        let left = |reader: usize| match self.parts[reader].after_code() {
            State::Well { left } => left,
            State::GaveWay => true,
            State::Failed { foreign, .. } => foreign && self.was_left(reader),
            State::Running | State::Lost => false,
        };
        let readers = self.readers(at);
        !readers.is_empty()
            && readers
                .iter()
                .all(|reader| reader.is_some_and(|(at, _)| left(at)))
    }

    /// Whether the readers of the part `at` failed by themselves. A foreign one may pass `error` on.
    fn reader_failed(&self, at: usize, error: &StageError) -> bool {
        self.all_readers(at, |reader| match reader.after_code() {
            State::Failed { weight, foreign } => weight == 0 && (!foreign || error.is_foreign()),
            _ => false,
        })
    }

    /// Whether the output of the part `at` has readers, and `is` is true for each of them.
    fn all_readers(&self, at: usize, is: impl Fn(&Part) -> bool) -> bool {
        let readers = self.readers(at);
        let holds =
            |reader: &Option<(usize, usize)>| reader.is_some_and(|(at, _)| is(&self.parts[at]));
        !readers.is_empty() && readers.iter().all(holds)
    }

    fn reader(&self, edge: usize) -> Option<(usize, usize)> {
        self.parts.iter().enumerate().find_map(|(at, part)| {
            let input = part.inputs.iter().position(|&input| input == edge)?;
            Some((at, input))
        })
    }

    /// Whether data flows from the part `before` to the part `after`.
    fn is_before(&self, before: usize, after: usize) -> bool {
        // Edges only lead downstream, so this ends.
        self.readers(before)
            .into_iter()
            .flatten()
            .any(|(reader, _)| reader == after || self.is_before(reader, after))
    }
}

impl Part {
    /// Whether it no longer reads.
    fn is_over(&self) -> bool {
        self.abandoned || self.after_code() != State::Running
    }

    /// The result of the part, or the result that its code implies.
    fn after_code(&self) -> State {
        match (self.state, self.code) {
            (State::Running, Some(code)) => code,
            (state, _) => state,
        }
    }
}

#[cfg(test)]
mod model;
mod weight;
