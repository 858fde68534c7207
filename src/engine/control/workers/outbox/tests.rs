use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use tokio_test::{assert_pending, assert_ready, assert_ready_eq, task};

use super::{BEHIND, FREE, MESSAGE, NotQueued, Outbox, WorkerQuota};
use crate::transport::Budget;
use crate::wire::{Close, Text};

const LIMIT: usize = 10 * (MESSAGE + 1);

fn outbox(budget: &Arc<Budget>) -> Outbox {
    Outbox::new(LIMIT, 4 * LIMIT, WorkerQuota::of(budget))
}

fn text(len: usize) -> Text {
    Text::from("m".repeat(len))
}

fn push(outbox: &Outbox, message: Text) -> Poll<Result<(), NotQueued>> {
    task::spawn(()).enter(|cx, _| outbox.poll_push(cx, &mut Some(message), true))
}

fn pop(outbox: &Outbox) -> Poll<Result<Text, Close>> {
    task::spawn(()).enter(|cx, _| outbox.poll_pop(cx))
}

#[test]
fn messages_are_bounded_but_a_long_one_passes_alone() {
    let budget = Budget::new(1 << 20);
    let outbox = outbox(&budget);
    for _ in 0..10 {
        assert_ready_eq!(push(&outbox, text(1)), Ok(()));
    }
    assert_pending!(push(&outbox, text(1)));
    outbox.push_now("n".into()).unwrap();
    assert_eq!(budget.held(), 11 * (MESSAGE + 1));
    while pop(&outbox).is_ready() {}
    assert_ready_eq!(push(&outbox, text(2 * LIMIT)), Ok(()));
    assert_pending!(push(&outbox, text(1)));
    drop(outbox);
    assert_eq!(budget.held(), 0);
}

#[test]
fn message_that_the_worker_does_not_take_is_refused() {
    let outbox = outbox(&Budget::new(1 << 20));
    outbox.limit_messages(10);
    assert_ready_eq!(push(&outbox, text(10)), Ok(()));
    let refused = NotQueued::TooLong { len: 11, limit: 10 };
    assert_ready_eq!(push(&outbox, text(11)), Err(refused));
}

#[test]
fn messages_do_not_wait_for_a_stalled_worker() {
    let outbox = outbox(&Budget::new(1 << 20));
    for _ in 0..10 {
        assert_ready_eq!(push(&outbox, text(1)), Ok(()));
    }
    let mut message = Some(text(1));
    let mut waiting = task::spawn(poll_fn(|cx| outbox.poll_push(cx, &mut message, false)));
    assert_pending!(waiting.poll());
    outbox.stalled();
    assert!(waiting.is_woken());
    assert!(matches!(
        assert_ready!(waiting.poll()),
        Err(NotQueued::Full { .. })
    ));
    assert!(matches!(
        assert_ready!(push(&outbox, text(1))),
        Err(NotQueued::Full { .. })
    ));
    for _ in 0..5 {
        assert_ready!(pop(&outbox)).unwrap();
    }
    assert_ready_eq!(push(&outbox, text(1)), Ok(()));
}

#[test]
fn what_others_hold_is_not_waited_for() {
    let budget = Budget::new(4 * FREE);
    let bounded = || Outbox::new(4 * FREE, 4 * FREE, WorkerQuota::of(&budget));
    let (greedy, modest) = (bounded(), bounded());
    assert_ready_eq!(push(&greedy, text(2 * FREE)), Ok(()));
    assert!(matches!(
        assert_ready!(push(&greedy, text(1))),
        Err(NotQueued::Full { .. })
    ));
    assert_ready_eq!(push(&modest, text(FREE)), Ok(()));
    assert_ready_eq!(pop(&modest), Ok(text(FREE)));
    greedy.close(Close::STOPPING);
    assert_eq!(budget.held(), 0);
    // Every worker can still hold a little.
    let full = Budget::new(0);
    let last = Outbox::new(4 * FREE, 4 * FREE, WorkerQuota::of(&full));
    assert_ready_eq!(push(&last, text(FREE / 2)), Ok(()));
}

#[test]
fn worker_is_behind_while_much_waits_for_it() {
    let budget = Budget::new(4 * BEHIND);
    let outbox = Outbox::new(4 * BEHIND, 4 * BEHIND, WorkerQuota::of(&budget));
    assert_ready_eq!(push(&outbox, text(1)), Ok(()));
    assert!(!outbox.is_behind());
    assert_ready_eq!(push(&outbox, text(BEHIND)), Ok(()));
    assert!(outbox.is_behind());
    while pop(&outbox).is_ready() {}
    // Results for others may keep a worker busy, so only messages that it caused itself count.
    outbox.push_now(text(2 * BEHIND)).unwrap();
    assert!(!outbox.is_behind());
}

#[test]
fn waiters_wake_when_half_of_the_queue_is_free() {
    let outbox = outbox(&Budget::new(1 << 20));
    let mut sender = task::spawn(poll_fn(|cx| outbox.poll_pop(cx)));
    assert_pending!(sender.poll());
    for _ in 0..10 {
        outbox.push_now("m".into()).unwrap();
    }
    assert!(sender.is_woken());
    let (mut a, mut b) = (Some("a".into()), Some("b".into()));
    let mut first = task::spawn(poll_fn(|cx| outbox.poll_push(cx, &mut a, false)));
    let mut second = task::spawn(poll_fn(|cx| outbox.poll_push(cx, &mut b, false)));
    assert_pending!(first.poll());
    assert_pending!(second.poll());
    for _ in 0..4 {
        assert_ready_eq!(sender.poll(), Ok("m".into()));
    }
    assert!(!first.is_woken() && !second.is_woken());
    assert_ready_eq!(sender.poll(), Ok("m".into()));
    assert!(first.is_woken() && second.is_woken());
    assert_ready_eq!(first.poll(), Ok(()));
    assert_ready_eq!(second.poll(), Ok(()));
}

#[test]
fn closing_ends_every_wait() {
    let outbox = Outbox::default();
    outbox.push_now("lost".into()).unwrap();
    outbox.close(Close::STOPPING);
    assert_ready_eq!(pop(&outbox), Err(Close::STOPPING));
    assert_ready_eq!(push(&outbox, "m".into()), Err(NotQueued::Gone));
    assert_eq!(outbox.push_now("lost".into()), Err(NotQueued::Gone));
    assert_ready_eq!(pop(&outbox), Err(Close::STOPPING));
}

#[test]
fn no_way_in_takes_a_message_over_the_limit() {
    let budget = Budget::new(usize::MAX);
    let outbox = Outbox::new(usize::MAX, 10, WorkerQuota::of(&budget));
    let too_long = NotQueued::TooLong { len: 11, limit: 10 };
    assert_eq!(outbox.push_now(text(11)), Err(too_long));
    let too_long = NotQueued::TooLong { len: 11, limit: 10 };
    assert_ready_eq!(push(&outbox, text(11)), Err(too_long));
    assert_eq!(outbox.push_now(text(10)), Ok(()));
    assert_eq!(budget.held(), 10 + MESSAGE);
}
