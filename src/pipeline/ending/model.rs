//! Checks every combination of events in up to four parts in a line, in every order, also when the
//! run is cancelled before or after any of them.

use super::{End, Ending};
use crate::pipeline::run_error::RunError;
use crate::stage::StageError;
use crate::wire::Abort;

/// An event of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Whole,
    /// It stopped reading early, and succeeded.
    Left,
    /// It failed for a reason of its own.
    Fails,
    /// It failed because its input did.
    PassesOn,
    /// Its own output reported that the reader had disconnected.
    OutputGone,
    /// It lost its output.
    OutputLost,
    /// Its worker disconnected.
    Dies,
    /// Its input fell silent.
    Truncated,
    /// It stopped when it was notified that its output is no longer read.
    Stops,
    /// It never reports anything, also not when it is stopped.
    Hangs,
}

const EVENTS: [Event; 10] = [
    Event::Whole,
    Event::Left,
    Event::Fails,
    Event::PassesOn,
    Event::OutputGone,
    Event::OutputLost,
    Event::Dies,
    Event::Truncated,
    Event::Stops,
    Event::Hangs,
];

fn error(event: Event, at: usize) -> Option<StageError> {
    let name = format!("s{at}");
    let new = |code| StageError::new(code, &name, "m");
    match event {
        Event::Whole | Event::Left => None,
        Event::Fails => Some(new(StageError::FAILED)),
        Event::PassesOn => {
            let before = Abort::new(StageError::FAILED, "m").at_stage("before");
            Some(StageError::from_abort(before.passed_on_by(name)))
        }
        Event::OutputGone => Some(StageError::output_gone(&name)),
        Event::OutputLost => {
            let abort = Abort::new(StageError::OUTPUT_LOST, "m").at_stage(name);
            Some(StageError::answered(abort))
        }
        Event::Dies | Event::Hangs => Some(new(StageError::LOST)),
        Event::Truncated => Some(new(StageError::INPUT_TRUNCATED)),
        Event::Stops => Some(new(StageError::CANCELLED)),
    }
}

/// All permutations of `n` elements.
fn orders(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(n - 1);
    let insert = |order: &Vec<usize>, at: usize| {
        let mut order = order.clone();
        order.insert(at, n - 1);
        order
    };
    shorter
        .iter()
        .flat_map(|order| (0..n).map(move |at| insert(order, at)))
        .collect()
}

/// A line of `parts` parts without events.
fn line(parts: usize) -> Ending {
    let mut ending = Ending::default();
    for at in 0..parts {
        let inputs = if at == 0 { vec![] } else { vec![at - 1] };
        assert_eq!(ending.part(inputs, vec![at]), at);
    }
    ending
}

fn ended(events: &[Event], order: &[usize]) -> Ending {
    let mut ending = line(events.len());
    for &at in order {
        record(&mut ending, events, at);
    }
    ending
}

fn record(ending: &mut Ending, events: &[Event], at: usize) {
    match error(events[at], at) {
        None => ending.ended_well(at, events[at] == Event::Left),
        Some(error) => ending.ended_badly(at, error),
    }
}

/// How the events reach the table, beside their order.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Whether the code of every part ends before the first part does.
    code_first: bool,
    /// The number of events before the run is cancelled, if it is.
    cancelled_after: Option<usize>,
}

/// The end of a run as its supervisor leads to it: it notifies parts whose output is no longer
/// read, and waits for those that hang until everything else is over. `None` if no run has these
/// events in this order, because a part stops although it was not asked to.
fn supervised(events: &[Event], order: &[usize], way: Way) -> Option<End> {
    let mut ending = line(events.len());
    if way.code_first {
        for &at in order {
            if !matches!(events[at], Event::Hangs | Event::Dies | Event::Stops) {
                let left = events[at] == Event::Left;
                ending.code_ended(at, error(events[at], at).as_ref(), left);
            }
        }
    }
    let mut told = vec![false; events.len()];
    let mut hangs = Vec::new();
    for (number, &at) in order.iter().enumerate() {
        if way.cancelled_after == Some(number) {
            ending.stop(StageError::new(StageError::CANCELLED, "run", "stop"));
        }
        for unread in ending.tell_unread() {
            told[unread] = true;
        }
        let cancelled = way.cancelled_after.is_some_and(|after| after <= number);
        match events[at] {
            Event::Stops if !told[at] && !cancelled => return None,
            Event::Hangs => hangs.push(at),
            _ => record(&mut ending, events, at),
        }
    }
    if way.cancelled_after == Some(order.len()) {
        ending.stop(StageError::new(StageError::CANCELLED, "run", "stop"));
    }
    for unread in ending.tell_unread() {
        ending.abandon(unread);
    }
    for at in hangs {
        ending.unresponsive(at, error(Event::Hangs, at).unwrap());
    }
    Some(ending.verifier())
}

/// Whether the part `at` may stop early because its output is no longer needed.
fn may_give_way(events: &[Event], at: usize) -> bool {
    match events.get(at) {
        None | Some(Event::Whole | Event::Hangs) => false,
        Some(Event::Left | Event::OutputGone | Event::OutputLost | Event::Stops) => true,
        // A reader that fails also disconnects.
        Some(Event::Fails | Event::PassesOn | Event::Truncated) => {
            may_give_way(events, at + 1) || events.get(at + 1) == Some(&Event::Fails)
        }
        Some(Event::Dies) => may_give_way(events, at + 1),
    }
}

/// The parts that must be reported as the cause, in any order of events.
///
/// These are the certain failures: the part failed by itself, its input was truncated, or its
/// worker disconnected, and its reader neither left early nor failed by itself.
fn causes(events: &[Event]) -> Vec<usize> {
    let sure = |at: usize| {
        let alone = !may_give_way(events, at + 1);
        match events[at] {
            Event::Fails | Event::Truncated => alone && events.get(at + 1) != Some(&Event::Fails),
            Event::Dies => alone,
            _ => false,
        }
    };
    (0..events.len()).filter(|&at| sure(at)).collect()
}

#[test]
fn a_line_of_parts_ends_as_its_first_cause_says() {
    let mut looked_at = 0_u64;
    for parts in 1..=4_usize {
        let orders = orders(parts);
        for number in 0..EVENTS.len().pow(u32::try_from(parts).unwrap()) {
            let event = |at: u32| EVENTS[number / EVENTS.len().pow(at) % EVENTS.len()];
            let events: Vec<_> = (0..u32::try_from(parts).unwrap()).map(event).collect();
            for order in &orders {
                for code_first in [false, true] {
                    let way = Way {
                        code_first,
                        cancelled_after: None,
                    };
                    if let Some(end) = supervised(&events, order, way) {
                        looked_at += 1;
                        check(&events, order, way, &end);
                    }
                    // In every order for up to three parts, and in two orders for four.
                    let in_line = order.is_sorted() || order.iter().rev().is_sorted();
                    if parts == 4 && !in_line {
                        continue;
                    }
                    for after in 0..=parts {
                        let way = Way {
                            code_first,
                            cancelled_after: Some(after),
                        };
                        if let Some(end) = supervised(&events, order, way) {
                            looked_at += 1;
                            check_cancelled(&events, &order[..after], way, &end);
                        }
                    }
                }
            }
        }
    }
    // Most of 10 + 100 * 2 + 1,000 * 6 + 10,000 * 24 combinations with their orders, in several
    // ways each.
    assert!(looked_at > 400_000, "{looked_at}");
}

/// Whether the event is a failure, unless the reader of the part left.
fn is_failure(event: Event) -> bool {
    use Event::{Dies, Fails, OutputLost, PassesOn, Truncated};
    matches!(event, Dies | Fails | OutputLost | PassesOn | Truncated)
}

/// Checks a run that was cancelled after the parts `before` had ended.
fn check_cancelled(events: &[Event], before: &[usize], way: Way, end: &End) {
    let said = || format!("{events:?}, {before:?} before {way:?}: {end:?}");
    let failed_before = before.iter().any(|&at| is_failure(events[at]));
    match end {
        End::Cancelled(_) => {
            // Whatever fails after a certain failure cannot hide it.
            let sure = causes(events);
            assert!(!before.iter().any(|at| sure.contains(at)), "{}", said());
        }
        End::Failed(_) => assert!(failed_before, "{}", said()),
        _ => panic!("{}", said()),
    }
}

fn check(events: &[Event], order: &[usize], way: Way, end: &End) {
    let said = || format!("{events:?} in the order {order:?}, {way:?}: {end:?}");
    let any = |is: fn(&Event) -> bool| events.iter().any(is);
    let fails = any(|event| is_failure(*event));
    let gives_way = any(|event| matches!(event, Event::OutputGone | Event::Stops));
    match end {
        End::Complete => {
            // A run is complete only if every part ended successfully.
            assert!(!fails && !gives_way, "{}", said());
        }
        End::StoppedEarly(edges) => {
            assert!(!edges.is_empty(), "{}", said());
            // A certain failure never counts as stopping early.
            assert!(causes(events).is_empty(), "{}", said());
            for &edge in edges {
                let own = matches!(events[edge], Event::OutputGone | Event::Stops);
                let fails = events.get(edge + 1) == Some(&Event::Fails);
                assert!(own || fails || may_give_way(events, edge + 1), "{}", said());
            }
        }
        End::Failed(error) => {
            assert!(fails, "{}", said());
            cause_is_right(events, error, said);
        }
        End::Cancelled(_) | End::Deadline(_) => panic!("{}", said()),
    }
}

fn cause_is_right(events: &[Event], error: &RunError, said: impl Fn() -> String) {
    let sure = causes(events);
    let stage = error.first_cause().stage.clone().unwrap();
    let Some(at) = stage
        .strip_prefix('s')
        .map(|at| at.parse::<usize>().unwrap())
    else {
        // Only a part that passes a failure on can report it for the source, so no part before that
        // one is known to have failed.
        let first = events.iter().position(|event| *event == Event::PassesOn);
        assert!(sure.iter().all(|at| *at >= first.unwrap()), "{}", said());
        return;
    };
    // A part that hangs is the cause of a silent input, and of nothing else.
    let silences =
        |at: usize| events[at] == Event::Hangs && events.get(at + 1) == Some(&Event::Truncated);
    assert!(is_failure(events[at]) || silences(at), "{}", said());
    if events[at] == Event::Truncated && at > 0 {
        assert!(!silences(at - 1), "{}", said());
    }
    // A certain failure takes precedence over the failures that follow from it.
    assert!(!sure.iter().any(|before| *before < at), "{}", said());
}

#[test]
fn first_external_reason_counts_unless_a_part_failed() {
    let stop = |code| StageError::new(code, "run", "over");
    for deadline in [false, true] {
        let code = [StageError::CANCELLED, RunError::DEADLINE][usize::from(deadline)];
        let mut ending = ended(&[Event::Whole, Event::Whole], &[]);
        ending.stop(stop(code));
        ending.stop(stop(StageError::CANCELLED));
        ending.ended_badly(0, stop(StageError::CANCELLED));
        ending.ended_badly(1, error(Event::Fails, 1).unwrap());
        match ending.verifier() {
            End::Cancelled(error) if !deadline => assert!(error.is_cancelled()),
            End::Deadline(error) if deadline => assert!(error.is_deadline()),
            other => panic!("{other:?}"),
        }
        let mut ending = ended(&[Event::Fails, Event::Whole], &[0]);
        ending.stop(stop(code));
        ending.ended_badly(1, stop(StageError::CANCELLED));
        let End::Failed(error) = ending.verifier() else {
            panic!("a failure that came before is the cause");
        };
        assert_eq!(error.first_cause().stage.as_deref(), Some("s0"));
        assert_eq!(error.cascaded().count(), 2);
    }
}

#[test]
fn part_with_several_readers_stops_when_all_left() {
    for left in 0..=2 {
        let mut ending = Ending::default();
        let fork = ending.part(vec![], vec![0, 1]);
        let branches = [ending.part(vec![0], vec![2]), ending.part(vec![1], vec![3])];
        let merge = ending.part(vec![2, 3], vec![4]);
        for (number, branch) in branches.into_iter().enumerate() {
            ending.ended_well(branch, number < left);
        }
        assert_eq!(ending.tell_unread(), [fork]);
        assert_eq!(ending.tell_unread(), [0; 0], "each is told once");
        ending.ended_badly(fork, error(Event::Fails, 0).unwrap());
        ending.ended_well(merge, false);
        match ending.verifier() {
            End::StoppedEarly(edges) => assert_eq!((left, edges), (2, vec![0, 1])),
            End::Failed(_) => assert!(left < 2),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn consequence_is_attributed_to_the_part_before() {
    // The first part was killed. Its reader reports an error of its own for that, and earlier.
    for order in orders(3) {
        let end = ended(&[Event::Dies, Event::Fails, Event::PassesOn], &order).verifier();
        let End::Failed(error) = end else {
            panic!("{end:?}");
        };
        assert_eq!(
            error.first_cause().stage.as_deref(),
            Some("s0"),
            "{order:?}"
        );
    }
}

#[test]
fn foreign_functions_whose_reader_left_have_stopped_early() {
    let foreign = |at| StageError::foreign("invocation_failed", &format!("s{at}"), "broken pipe");
    for order in orders(4) {
        for left in [false, true] {
            let mut ending = line(4);
            for &at in &order {
                if at == 1 || at == 2 {
                    ending.ended_badly(at, foreign(at));
                } else {
                    ending.ended_well(at, left && at == 3);
                }
            }
            match ending.verifier() {
                End::StoppedEarly(edges) => assert!(left && edges == [1, 2], "{order:?}"),
                End::Failed(_) => assert!(!left, "{order:?}"),
                other => panic!("{order:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn lost_connections_alone_are_a_lost_engine() {
    let mut ending = ended(&[Event::OutputLost, Event::Dies], &[0, 1]);
    assert!(ending.is_disconnection());
    ending.disconnected(StageError::new(RunError::ENGINE_LOST, "run", "lost"));
    let End::Failed(error) = ending.verifier() else {
        panic!("a run without an engine has failed");
    };
    assert_eq!(error.first_cause().code, RunError::ENGINE_LOST);
    assert!(!ended(&[Event::Fails, Event::Dies], &[0, 1]).is_disconnection());
    assert!(!ended(&[Event::Whole], &[0]).is_disconnection());
}
