//! How a run ends: the one table that both executors feed.

use super::run_error::RunError;
use crate::stage::StageError;
use crate::wire::Abort;

/// What has happened to the parts of a run, and what the run comes to. No I/O, no clock.
///
/// A part is a stage, or an operator such as a merge; edges lead from one part to another, and
/// the last to the run itself. A part that fails is judged by the edges that it writes to:
///
/// | its failure | whoever reads its output | the part |
/// |---|---|---|
/// | says that its reader wanted no more | any | gave way |
/// | any | left the stream early, and ended well or gave way | gave way |
/// | says that its output was lost | left early, or does so yet | gave way |
/// | says that it was cancelled, and it was told to give way | has ended | gave way |
/// | any other | any | failed |
///
/// That a part gave way is no failure of the run. Of the failures the first cause is one that no
/// failed part leads to; among several of those the one that explains most, then the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    parts: Vec<Part>,
    /// Why the run was ended from outside: it was cancelled, or its deadline has passed.
    stop: Option<StageError>,
    /// In the order in which they came in.
    failures: Vec<Failure>,
    /// Set when all failures come from a connection to the engine that was lost.
    disconnected: Option<StageError>,
}

#[derive(Clone, Debug)]
struct Part {
    inputs: Vec<usize>,
    outputs: Vec<usize>,
    state: State,
    /// Whether it was told that nobody reads its output.
    told: bool,
    /// Whether it was let go of, so that nobody waits for it.
    abandoned: bool,
    /// How its code has ended, while its ends are still being closed.
    code: Option<State>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    /// It ended well; `left` if it did not read its input to the end.
    Well {
        left: bool,
    },
    GaveWay,
    /// It lost its output, and what that means depends on whoever reads it.
    Lost,
    /// It failed; `own` if for a reason of its own.
    Failed {
        own: bool,
    },
}

#[derive(Clone, Debug)]
struct Failure {
    /// `None` for the run's own end.
    part: Option<usize>,
    error: StageError,
    /// Whether it came in after the run was ended from outside.
    stopped: bool,
}

/// What a run comes to.
#[derive(Clone, Debug)]
pub(super) enum End {
    Complete,
    /// Complete, and readers of these edges wanted no more before the end.
    StoppedEarly(Vec<usize>),
    /// With the first cause and what cascaded from it.
    Failed(RunError),
    Cancelled(RunError),
    Deadline(RunError),
}

impl Ending {
    /// Adds a part between edges; gives its number, from 0.
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

    /// The part `at` has ended well; `left` if it did not read its input to the end.
    pub(super) fn ended_well(&mut self, at: usize, left: bool) {
        self.parts[at].state = State::Well { left };
    }

    /// The code of the part `at` has ended with `failure`, or else well; the part has not ended.
    pub(super) fn code_ended(&mut self, at: usize, failure: Option<&StageError>, left: bool) {
        self.parts[at].code = Some(match failure {
            None => State::Well { left },
            Some(error) => self.state_after(at, error),
        });
    }

    /// The part `at` has ended with `error`.
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
        // A reader that fails leaves, too. What ended with its worker did not give way.
        let gave_way = self.was_left(at) || (code != StageError::LOST && self.reader_failed(at));
        if error.is_output_gone() || told || gave_way || self.parts[at].abandoned {
            State::GaveWay
        } else if error.is_output_lost() {
            State::Lost
        } else {
            let own = weight(error) == 0;
            State::Failed { own }
        }
    }

    /// All that is known is that the connection to the engine was lost, as `lost` says.
    pub(super) fn disconnected(&mut self, lost: StageError) {
        self.disconnected = Some(lost);
    }

    /// Nobody waits any more for the part `at`, whose output nobody reads.
    pub(super) fn abandon(&mut self, at: usize) {
        self.parts[at].abandoned = true;
    }

    /// Whether nothing runs but parts that nobody waits for.
    pub(super) fn is_abandoned(&self) -> bool {
        let waits = |part: &Part| part.state == State::Running && !part.abandoned;
        !self.parts.iter().any(waits)
    }

    /// Whether the part `at` has not ended.
    pub(super) fn is_running(&self, at: usize) -> bool {
        self.parts[at].state == State::Running
    }

    /// The run's own end has failed.
    pub(super) fn failed(&mut self, error: StageError) {
        self.failures.push(Failure {
            part: None,
            error,
            stopped: self.stop.is_some(),
        });
    }

    /// The run was ended from outside. The first reason counts.
    pub(super) fn stop(&mut self, reason: StageError) {
        self.stop.get_or_insert(reason);
    }

    /// Parts that run although nobody reads their output any more, and were not told; they are
    /// told now.
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

    /// The parts that read what the part `at` writes, each with the number of its input; `None`
    /// for the run itself.
    pub(super) fn readers(&self, at: usize) -> Vec<Option<(usize, usize)>> {
        let outputs = self.parts[at].outputs.iter();
        outputs.map(|&edge| self.reader(edge)).collect()
    }

    /// Whether a part has failed, so that what is left has to end soon.
    pub(super) fn has_failed(&self) -> bool {
        let bad = |part: &Part| matches!(part.after_code(), State::Failed { .. } | State::Lost);
        self.parts.iter().any(bad)
    }

    /// Whether all that is known is that connections were lost.
    pub(super) fn is_disconnection(&self) -> bool {
        let mut real = self
            .failures
            .iter()
            .filter(|one| self.is_real(one))
            .peekable();
        self.stop.is_none() && real.peek().is_some() && real.all(|one| one.error.is_connection())
    }

    /// The first failure that counts, for whoever looks on.
    pub(super) fn first_failure(&self) -> Option<&StageError> {
        let real = self.failures.iter().find(|one| self.is_real(one));
        self.stop.as_ref().or(real.map(|one| &one.error))
    }

    /// What the run comes to.
    pub(super) fn judge(mut self) -> End {
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
            let cause = self.failures.remove(cause).error;
            let cascaded = self.failures.into_iter().map(|one| one.error);
            return End::Failed(RunError::new(cause, cascaded.chain(self.stop).collect()));
        }
        let gave_way = |at: &usize| match self.parts[*at].state {
            State::GaveWay => true,
            State::Lost => self.was_left(*at),
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

    /// The failure that began it all.
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

    /// Whether a failure is more than a part that gave way.
    fn is_real(&self, failure: &Failure) -> bool {
        match failure.part.map(|at| (at, self.parts[at].state)) {
            Some((_, State::GaveWay)) => false,
            Some((at, State::Lost)) => !self.was_left(at),
            _ => true,
        }
    }

    /// Whether whoever reads the output of the part `at` has left it early, and not failed.
    fn was_left(&self, at: usize) -> bool {
        self.all_readers(at, |reader| {
            matches!(
                reader.after_code(),
                State::Well { left: true } | State::GaveWay
            )
        })
    }

    /// Whether whoever reads the output of the part `at` has failed for a reason of its own.
    fn reader_failed(&self, at: usize) -> bool {
        self.all_readers(at, |reader| {
            matches!(reader.after_code(), State::Failed { own: true })
        })
    }

    /// Whether there are parts that read the output of the part `at`, and `is` holds for each.
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

    /// Whether something flows from the part `before` to the part `after`.
    fn is_before(&self, before: usize, after: usize) -> bool {
        // Edges lead onward only, so this ends.
        self.readers(before)
            .into_iter()
            .flatten()
            .any(|(reader, _)| reader == after || self.is_before(reader, after))
    }
}

impl Part {
    /// Whether it reads no more.
    fn is_over(&self) -> bool {
        self.abandoned || self.after_code() != State::Running
    }

    /// How the part has ended, or will end as far as its code tells.
    fn after_code(&self) -> State {
        match (self.state, self.code) {
            (State::Running, Some(code)) => code,
            (state, _) => state,
        }
    }
}

/// From here on a failure says nothing of its cause.
const WEAK: u8 = 4;

/// The less, the more a failure explains.
fn weight(failure: &StageError) -> u8 {
    match failure.first_cause().code.as_str() {
        StageError::CANCELLED | Abort::DROPPED => 5,
        StageError::OUTPUT_LOST | StageError::OUTPUT_GONE => 4,
        _ if failure.is_passed_on() => 3,
        StageError::INPUT_TRUNCATED => 2,
        StageError::LOST => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod model;
