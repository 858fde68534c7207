use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use pipewright::format::Json;
use pipewright::pipeline::RunSource;
use pipewright::{
    Backoff, Channel, DeadLetter, Error, Event, ItemStageExt, Pipeline, Policy, Result, Run,
    RunReport, Stage, StageContext, StageError, pipeline_stage,
};

use super::stages::{double, no_fives};
use super::{House, run_all_ways};

fn skipped(report: &RunReport, stage: &str) -> u64 {
    let summary = report.stages.iter().find(|one| one.stage == stage);
    summary.unwrap().report.as_ref().unwrap().items_skipped
}

/// Fails for the second of the two numbers in an item.
#[pipeline_stage(id = "test::late")]
fn late(n: u64) -> impl Iterator<Item = Result<u64>> + Send {
    let second = if n.is_multiple_of(3) {
        Err(Error::msg("a three"))
    } else {
        Ok(n)
    };
    [Ok(n), second].into_iter()
}

#[tokio::test]
async fn items_that_fail_are_skipped_and_counted() {
    let ran = run_all_ways(|| {
        Pipeline::from_iter(0..13_u64)
            .then(no_fives.on_error(Policy::Skip))
            .then(late.on_error(Policy::Skip))
            .then(double)
    });
    for (items, report) in ran.await {
        let report = report.unwrap();
        let expected = (0..13_u64)
            .filter(|n| n % 5 != 0)
            .flat_map(|n| [Some(n), (n % 3 != 0).then_some(n)])
            .flatten()
            .map(|n| n * 2);
        assert_eq!(items, expected.collect::<Vec<_>>());
        assert_eq!(skipped(&report, "test::no_fives"), 3);
        assert_eq!(skipped(&report, "test::late"), 4);
        assert_eq!(skipped(&report, "test::double"), 0);
    }
}

#[tokio::test]
async fn without_a_policy_and_with_a_panic_the_run_fails() {
    let ran = run_all_ways(|| Pipeline::from_iter(3..9_u64).then(no_fives.on_error(Policy::Fail)));
    for (items, report) in ran.await {
        assert_eq!(items, [3, 4]);
        assert_eq!(report.unwrap_err().first_cause().item, Some(2));
    }
    let ran = run_all_ways(|| {
        Pipeline::from_iter(1_000_000_010..1_000_000_015_u64).then(no_fives.on_error(Policy::Skip))
    });
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().code, StageError::PANICKED);
        assert_eq!(error.first_cause().item, Some(3));
    }
}

#[tokio::test]
async fn failed_items_become_dead_letters_with_their_bytes() {
    let house = House::new().await;
    for worker in house.workers().await {
        let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
        let mut receiver = letters.receiver;
        let run = Pipeline::from_iter(0..12_u64)
            .then(no_fives.dead_letter(letters.sender))
            .start(&worker)
            .await
            .unwrap();
        let read = async {
            let mut all = Vec::new();
            while let Some(letter) = receiver.recv().await.unwrap() {
                all.push((letter.stage, letter.item, letter.bytes, letter.error));
            }
            all
        };
        let (report, dead) = tokio::join!(run.report(), read);
        let report = report.unwrap();
        assert_eq!(report.items, 9);
        assert_eq!(skipped(&report, "test::no_fives"), 3);
        let expected = [0, 5, 10].map(|n| {
            let bytes = format!("{n}\n").into();
            (
                "test::no_fives".to_owned(),
                n,
                bytes,
                format!("{n} is a five"),
            )
        });
        assert_eq!(dead, expected);
        house.is_quiet().await;
    }
}

/// Lines, two of which are not numbers.
const LINES: &[u8] = b"1\ntwo\n3\n\"four\"\n6\n";

#[tokio::test]
async fn items_that_cannot_be_read_fall_under_the_policy() {
    let house = House::new().await;
    for worker in house.workers().await {
        let numbers = || Pipeline::read(LINES).decode::<u64, Json>();
        let run = numbers().then(double.on_error(Policy::Skip)).start(&worker);
        let mut run = run.await.unwrap();
        let mut items = Vec::new();
        while let Some(item) = run.next().await {
            items.push(item.unwrap());
        }
        assert_eq!(items, [2, 6, 12]);
        assert_eq!(skipped(&run.report().await.unwrap(), "test::double"), 2);

        let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
        let mut receiver = letters.receiver;
        let run = numbers().then(double.dead_letter(letters.sender));
        let run = run.start(&worker).await.unwrap();
        assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [2, 6, 12]);
        let letter = receiver.recv().await.unwrap().unwrap();
        assert_eq!((letter.item, &letter.bytes[..]), (1, &b"two\n"[..]));
        let letter = receiver.recv().await.unwrap().unwrap();
        assert_eq!((letter.item, &letter.bytes[..]), (3, &b"\"four\"\n"[..]));
        assert!(receiver.recv().await.unwrap().is_none());

        let run = numbers().then(double).start(&worker).await.unwrap();
        let error = run.collect::<Vec<_>>().await.unwrap_err();
        assert_eq!(error.first_cause().code, StageError::BAD_INPUT);
        assert_eq!(error.first_cause().item, Some(1));
        house.is_quiet().await;
    }
}

#[tokio::test]
async fn dead_letters_that_cannot_be_sent_fail_the_stage() {
    let house = House::new().await;
    let worker = house.worker().await;
    let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
    let Some(engine) = house.engine.handle("only ours can be stopped") else {
        return;
    };
    engine.shutdown().await;
    let run = Pipeline::from_iter(4..9_u64)
        .then(no_fives.dead_letter(letters.sender))
        .run_local();
    let error = run.collect::<Vec<_>>().await.unwrap_err();
    let cause = error.first_cause();
    assert_eq!(cause.item, Some(1));
    assert!(cause.message.starts_with("5 is a five; and"), "{error}");
}

static CALLS: AtomicU32 = AtomicU32::new(0);

/// Succeeds at every third call.
#[pipeline_stage(id = "test::flaky")]
async fn flaky(n: u64, calls: &mut u64) -> Result<(u64, u64)> {
    *calls += 1;
    CALLS.fetch_add(1, SeqCst);
    if !calls.is_multiple_of(3) {
        return Err(Error::msg("not now"));
    }
    Ok((n, *calls))
}

#[tokio::test]
async fn a_failed_call_is_made_again() {
    let backoff = || {
        let wait = Duration::from_millis(1);
        Backoff::new().first(wait).base(wait).cap(wait)
    };
    let ran = run_all_ways(|| Pipeline::from_iter(0..3_u64).then(flaky.retry(2, backoff())));
    let ran = ran.await;
    assert_eq!(CALLS.load(SeqCst) as usize, ran.len() * 9);
    for (items, report) in ran {
        let report = report.unwrap();
        // All calls share the state.
        assert_eq!(items, [(0, 3), (1, 6), (2, 9)]);
        assert_eq!(skipped(&report, "test::flaky"), 0);
    }
    let stage = flaky.retry(1, backoff()).on_error(Policy::Skip);
    assert_eq!(stage.id(), "test::flaky");
    let ran = run_all_ways(|| Pipeline::from_iter(0..3_u64).then(stage.clone()));
    for (items, report) in ran.await {
        assert_eq!(items, [(1, 3)]);
        assert_eq!(skipped(&report.unwrap(), "test::flaky"), 2);
    }
    let ran = run_all_ways(|| Pipeline::from_iter(0..3_u64).then(flaky.retry(9, Backoff::never())));
    for (_, report) in ran.await {
        assert_eq!(report.unwrap_err().first_cause().message, "not now");
    }
}

#[pipeline_stage(id = "test::panics", concurrency = 3, ordered)]
async fn panics(n: u64) -> u64 {
    tokio::task::yield_now().await;
    assert_ne!(n, 4, "four");
    n
}

#[tokio::test]
async fn panic_in_a_concurrent_call_names_its_item() {
    let ran = run_all_ways(|| Pipeline::from_iter(0..9_u64).then(panics));
    for (items, report) in ran.await {
        assert_eq!(items, [0, 1, 2, 3]);
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().code, StageError::PANICKED);
        assert_eq!(error.first_cause().item, Some(4));
    }
}

fn at_once() -> Backoff {
    let wait = Duration::from_millis(1);
    Backoff::new().first(wait).base(wait).cap(wait)
}

/// Fails at its first two calls for a number, and sends a message at each.
#[pipeline_stage(id = "test::announces")]
async fn announces(n: u64, calls: &mut u64, context: StageContext) -> Result<u64> {
    *calls += 1;
    context.send_message(format!("call for {n}"));
    tokio::task::yield_now().await;
    if !calls.is_multiple_of(3) {
        return Err(Error::msg("not now"));
    }
    Ok(n)
}

/// The same with several concurrent calls; also sends messages while its outputs are taken.
#[pipeline_stage(id = "test::announces_later", concurrency = 2)]
async fn announces_later(
    n: u64,
    context: StageContext,
) -> Result<impl Iterator<Item = u64> + Send> {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    context.send_message(format!("call for {n}"));
    tokio::task::yield_now().await;
    if CALLS.fetch_add(1, SeqCst).is_multiple_of(2) {
        return Err(Error::msg("not now"));
    }
    Ok([n]
        .into_iter()
        .inspect(move |n| context.send_message(format!("gives {n}"))))
}

#[tokio::test]
async fn a_call_that_is_made_again_sends_its_messages_once() {
    let house = House::new().await;
    let worker = house.worker().await;
    let make = || {
        Pipeline::from_iter([7, 8])
            .then(announces.retry(3, at_once()))
            .then(announces_later.on_error(Policy::Skip).retry(3, at_once()))
    };
    check_messages(make().run_local()).await;
    check_messages(make().start(&worker).await.unwrap()).await;
}

async fn check_messages(mut run: Run<impl RunSource<Item = u64>>) {
    let (mut items, mut messages) = (Vec::new(), Vec::new());
    while let Some(event) = run.next_event().await {
        match event.unwrap() {
            Event::Item(item) => items.push(item),
            Event::Message(text) => messages.push(text.to_string()),
            _ => {}
        }
    }
    assert_eq!(items, [7, 8]);
    messages.sort_unstable();
    let expected = ["call for 7", "call for 7", "call for 8", "call for 8"];
    assert_eq!(messages[..4], expected);
    assert_eq!(messages[4..], ["gives 7", "gives 8"]);
}

#[tokio::test]
async fn the_last_call_says_what_it_says_before_it_fails() {
    let make = || Pipeline::from_iter([7]).then(announces.retry(1, at_once()));
    let mut run = make().run_local();
    let Some(Ok(Event::Message(text))) = run.next_event().await else {
        panic!("a message comes first");
    };
    assert_eq!(text.as_str(), "call for 7");
    assert!(run.next_event().await.unwrap().is_err());
}

/// Counts its calls, and fails at each.
#[pipeline_stage(id = "test::never")]
async fn never(n: u64) -> Result<u64> {
    NEVER_CALLS.fetch_add(1, SeqCst);
    Err(Error::msg(format_args!("never {n}")))
}

static NEVER_CALLS: AtomicU32 = AtomicU32::new(0);

#[tokio::test]
async fn a_retry_goes_before_a_policy_in_either_order() {
    let calls = |ran: u32| assert_eq!(NEVER_CALLS.swap(0, SeqCst), ran);
    let skip = || never.on_error(Policy::Skip);
    let run = Pipeline::from_iter([7]).then(skip().retry(3, at_once()));
    assert!(
        run.run_local()
            .collect::<Vec<_>>()
            .await
            .unwrap()
            .is_empty()
    );
    calls(4);
    let both = never.retry(3, at_once()).on_error(Policy::Skip);
    let run = Pipeline::from_iter([7]).then(both).run_local();
    assert_eq!(skipped(&run.report().await.unwrap(), "test::never"), 1);
    calls(4);
    let within = skip().retry(1, at_once()).retry(2, at_once());
    let run = Pipeline::from_iter([7]).then(within).run_local();
    assert_eq!(skipped(&run.report().await.unwrap(), "test::never"), 1);
    calls(6);
}

#[tokio::test]
async fn a_letter_is_posted_after_the_last_retry() {
    let house = House::new().await;
    let worker = house.worker().await;
    let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
    let mut receiver = letters.receiver;
    let stage = no_fives.dead_letter(letters.sender).retry(2, at_once());
    let run = Pipeline::from_iter([4, 5, 6]).then(stage).run_local();
    assert_eq!(run.collect::<Vec<_>>().await.unwrap(), [4, 6]);
    assert_eq!(receiver.recv().await.unwrap().unwrap().item, 1);
    assert!(receiver.recv().await.unwrap().is_none());
}
