//! Checks every combination of events in up to four parts in a line, in every order.

use super::{End, Ending};
use crate::pipeline::run_error::RunError;
use crate::stage::StageError;
use crate::wire::Abort;

/// An event of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    Whole,
    /// It wanted no more, and succeeded.
    Left,
    /// It failed for a reason of its own.
    Fails,
    /// It failed because its input did.
    PassesOn,
    /// It was notified at its own output that its reader left.
    OutputGone,
    /// It lost its output.
    OutputLost,
    /// Its worker disconnected.
    Dies,
}

const EVENTS: [Event; 7] = [
    Event::Whole,
    Event::Left,
    Event::Fails,
    Event::PassesOn,
    Event::OutputGone,
    Event::OutputLost,
    Event::Dies,
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
        Event::Dies => Some(new(StageError::LOST)),
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

fn ended(events: &[Event], order: &[usize]) -> Ending {
    let mut ending = Ending::default();
    for at in 0..events.len() {
        let inputs = if at == 0 { vec![] } else { vec![at - 1] };
        assert_eq!(ending.part(inputs, vec![at]), at);
    }
    for &at in order {
        match error(events[at], at) {
            None => ending.ended_well(at, events[at] == Event::Left),
            Some(error) => ending.ended_badly(at, error),
        }
    }
    ending
}

/// Whether the part `at` may leave its input because its output is no longer needed.
fn may_give_way(events: &[Event], at: usize) -> bool {
    match events.get(at) {
        None | Some(Event::Whole) => false,
        Some(Event::Left | Event::OutputGone | Event::OutputLost) => true,
        // A reader that fails leaves, too.
        Some(Event::Fails | Event::PassesOn) => {
            may_give_way(events, at + 1) || events.get(at + 1) == Some(&Event::Fails)
        }
        Some(Event::Dies) => may_give_way(events, at + 1),
    }
}

/// The parts that must be reported as the cause, in any order of events.
///
/// These are the certain failures: the part failed by itself, or its worker disconnected, and its
/// reader neither left early nor failed by itself.
fn causes(events: &[Event]) -> Vec<usize> {
    let sure = |at: usize| {
        let alone = !may_give_way(events, at + 1);
        match events[at] {
            Event::Fails => alone && events.get(at + 1) != Some(&Event::Fails),
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
                looked_at += 1;
                let end = ended(&events, order).verifier();
                check(&events, order, &end);
            }
        }
    }
    assert_eq!(looked_at, 7 + 49 * 2 + 343 * 6 + 2401 * 24);
}

fn check(events: &[Event], order: &[usize], end: &End) {
    let said = format!("{events:?} in the order {order:?}: {end:?}");
    let any = |is: fn(&Event) -> bool| events.iter().any(is);
    let fails = any(|event| !matches!(event, Event::Whole | Event::Left | Event::OutputGone));
    let gives_way = any(|event| matches!(event, Event::OutputGone));
    match end {
        End::Complete => {
            // A run is complete only if every part ended successfully.
            assert!(!fails && !gives_way, "{said}");
        }
        End::StoppedEarly(edges) => {
            assert!(!edges.is_empty(), "{said}");
            // A certain failure never counts as stopping early.
            assert!(causes(events).is_empty(), "{said}");
            for &edge in edges {
                let own = events[edge] == Event::OutputGone;
                let left =
                    may_give_way(events, edge + 1) || events.get(edge + 1) == Some(&Event::Fails);
                assert!(own || left, "{said}");
            }
        }
        End::Failed(error) => {
            assert!(fails, "{said}");
            cause_is_right(events, error, &said);
        }
        End::Cancelled(_) | End::Deadline(_) => panic!("{said}"),
    }
}

fn cause_is_right(events: &[Event], error: &RunError, said: &str) {
    let sure = causes(events);
    let stage = error.first_cause().stage.clone().unwrap();
    let Some(at) = stage
        .strip_prefix('s')
        .map(|at| at.parse::<usize>().unwrap())
    else {
        // Only a part that passes a failure on can report it for the source, so no part before that
        // one is known to have failed.
        let first = events.iter().position(|event| *event == Event::PassesOn);
        assert!(sure.iter().all(|at| *at >= first.unwrap()), "{said}");
        return;
    };
    assert!(
        !matches!(events[at], Event::Whole | Event::Left | Event::OutputGone),
        "{said}"
    );
    // A certain failure takes precedence over the failures that follow from it.
    assert!(!sure.iter().any(|before| *before < at), "{said}");
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
    // The first part was killed. Its reader reports an error of its own for that, and is notified
    // first.
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
