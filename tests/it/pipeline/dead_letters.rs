//! Items that a stage cannot process: their numbers, and the stream of dead letters.

use std::io::Cursor;

use pipewright::format::Json;
use pipewright::pipeline::RunSource;
use pipewright::{
    Backoff, Channel, ChannelReader, ChannelWriter, DeadLetter, DeadLetters, Engine, Error,
    ItemStageExt, Pipeline, Policy, Result, Run, RunError, RunReport, Service, StageError,
    StageExt, StageInfo, Worker, pipeline_stage,
};
use tokio::runtime::Runtime;

use super::stages::{double, no_fives};
use super::{House, run_all_ways};
use crate::support::within;

/// Lines, two of which are not numbers.
const LINES: &[u8] = b"1\ntwo\n3\n\"four\"\n6\n";

#[tokio::test]
async fn items_that_cannot_be_read_have_their_numbers() {
    let house = House::new().await;
    for worker in house.workers().await {
        let numbers = || Pipeline::read(&b"1\ntwo\n5\n3\nfour\n10\n"[..]).decode::<u64, Json>();
        for fused in [true, false] {
            let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
            let mut receiver = letters.receiver;
            let pipeline = numbers().then(no_fives.dead_letter(letters.sender));
            let (items, report) = if fused {
                ended(pipeline.run_local()).await
            } else {
                ended(pipeline.start(&worker).await.unwrap()).await
            };
            assert_eq!(items, [1, 3]);
            let mut dead = Vec::new();
            while let Some(letter) = receiver.recv().await.unwrap() {
                dead.push((letter.item, letter.bytes));
            }
            let lines = [(1, "two\n"), (2, "5\n"), (4, "four\n"), (5, "10\n")];
            assert_eq!(dead, lines.map(|(number, line)| (number, line.into())));
            let report = report.unwrap();
            let counted = report.stages.last().unwrap().report.as_ref().unwrap();
            assert_eq!((counted.items_in, counted.items_out), (6, 2));
            assert_eq!((counted.items_skipped, counted.items_dead), (4, 4));
            assert_eq!(report.skipped(), (4, 4));
            let printed = report.to_string();
            assert!(
                printed.contains("4 skipped, 4 of them dead letters"),
                "{printed}"
            );
            assert!(printed.contains("dead letters\n"), "{printed}");
        }
        let run = numbers()
            .then(no_fives.on_error(Policy::Skip))
            .then(fails_at_three);
        let pipelines = ended(run.run_local()).await;
        assert_eq!(pipelines.1.unwrap_err().first_cause().item, Some(1));
        house.is_quiet().await;
    }
}

#[pipeline_stage(id = "test::fails_at_three")]
fn fails_at_three(n: u64) -> Result<u64> {
    if n == 3 {
        return Err(Error::msg("three"));
    }
    Ok(n)
}

async fn ended<T>(mut run: Run<impl RunSource<Item = T>>) -> (Vec<T>, Result<RunReport, RunError>) {
    let mut items = Vec::new();
    while let Some(Ok(item)) = run.next().await {
        items.push(item);
    }
    (items, run.report().await)
}

#[tokio::test]
async fn unreadable_item_without_a_policy_fails_its_stage() {
    let ran = run_all_ways(|| Pipeline::read(LINES).decode::<u64, Json>().then(double));
    for (items, report) in ran.await {
        assert_eq!(items, [2]);
        let error = report.unwrap_err();
        let cause = error.first_cause();
        assert_eq!(cause.code, StageError::BAD_INPUT);
        assert_eq!(
            (cause.stage.as_deref(), cause.item),
            (Some("test::double"), Some(1))
        );
    }
    let ran = run_all_ways(|| Pipeline::read(LINES).decode::<u64, Json>());
    for (_, report) in ran.await {
        let error = report.unwrap_err();
        assert_eq!(error.first_cause().code, StageError::BAD_INPUT);
        assert_eq!(error.first_cause().item, Some(1));
    }
}

#[pipeline_stage(id = "dead_letters::copy")]
async fn copy(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

/// The stages have more to write than the channels hold.
#[tokio::test]
async fn unreadable_output_fails_the_run_and_ends_its_stages() {
    let lines = || Cursor::new([b"1\n".to_vec(), b"x\n".repeat(8 << 20)].concat());
    let mut all = run_all_ways(|| Pipeline::read(lines()).then(copy).decode::<u64, Json>()).await;
    let house = House::new().await;
    for worker in house.workers().await {
        worker.register(copy).unwrap();
        worker.registered().await.unwrap();
        for lines in [lines(), Cursor::new(b"1\nx\n".to_vec())] {
            let pipeline = Pipeline::read(lines).then(copy.remote());
            let run = pipeline.decode::<u64, Json>().start(&worker).await.unwrap();
            all.push(within(ended(run)).await);
        }
        house.is_quiet().await;
        worker.shutdown().await.unwrap();
    }
    for (items, report) in all {
        assert_eq!(items, [1]);
        let error = report.unwrap_err();
        let cause = error.first_cause();
        assert_eq!((&*cause.code, cause.item), (StageError::BAD_INPUT, Some(1)));
    }
}

/// The process can end after the report of a run, while engine and reader continue.
#[test]
fn dead_letters_have_ended_when_the_report_is_given() {
    let elsewhere = Runtime::new().unwrap();
    let engine = Engine::builder().listen("127.0.0.1:0").start();
    let engine = elsewhere.block_on(engine).unwrap();
    let url = engine.url().unwrap().to_string();
    for fused in [true, false] {
        let here = elsewhere.block_on(Worker::connect(url.clone())).unwrap();
        let letters: Channel<DeadLetter> = elsewhere.block_on(here.channel(None)).unwrap();
        let (mut receiver, sender) = (letters.receiver, letters.writer_ref);
        let program = tokio::runtime::Builder::new_current_thread();
        let program = { program }.enable_all().build().unwrap();
        program.block_on(async {
            let worker = Worker::connect(url.clone()).await.unwrap();
            let sender = sender.open(worker.address());
            let run = Pipeline::from_iter(1..9_u64).then(no_fives.dead_letter(sender));
            let report = if fused {
                run.run_local().report().await
            } else {
                run.start(&worker).await.unwrap().report().await
            };
            assert_eq!(report.unwrap().items, 7);
        });
        drop(program);
        elsewhere.block_on(async {
            let letter = receiver.recv().await.unwrap().unwrap();
            assert_eq!(letter.item, 4);
            assert!(receiver.recv().await.unwrap().is_none());
        });
    }
}

#[tokio::test]
async fn dead_letters_can_be_closed_while_they_are_held() {
    let house = House::new().await;
    let worker = house.worker().await;
    let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
    let mut receiver = letters.receiver;
    let held = DeadLetters::new(letters.sender);
    let run = Pipeline::from_iter(4..9_u64).then(no_fives.dead_letter(held.clone()));
    assert_eq!(run.run_local().report().await.unwrap().items, 4);
    held.close().await.unwrap();
    assert_eq!(receiver.recv().await.unwrap().unwrap().item, 1);
    assert!(receiver.recv().await.unwrap().is_none());
    let run = Pipeline::from_iter(4..9_u64).then(no_fives.dead_letter(held));
    let error = run.run_local().report().await.unwrap_err();
    assert!(error.to_string().contains("was closed before"), "{error}");
}

#[tokio::test]
async fn dead_letters_outlive_the_channel_that_they_go_to() {
    let house = House::new().await;
    let worker = house.worker().await;
    let (receivers, mut opened) = tokio::sync::mpsc::unbounded_channel();
    let at = worker.clone();
    let letters = DeadLetters::reopening(move || {
        let (worker, receivers) = (at.clone(), receivers.clone());
        async move {
            let letters: Channel<DeadLetter> = worker.channel(None).await?;
            receivers.send(letters.receiver).unwrap();
            Ok(letters.sender)
        }
    });
    // An iii engine tells a writer only at its next frame that its reader has left, so the first
    // letter after a loss can be lost there.
    let losses = if house.engine.is_pipewright() { 3 } else { 1 };
    for _ in 0..losses {
        let run = Pipeline::from_iter(4..9_u64).then(no_fives.dead_letter(letters.clone()));
        assert_eq!(run.run_local().report().await.unwrap().items, 4);
        let mut receiver = opened.recv().await.unwrap();
        assert_eq!(receiver.recv().await.unwrap().unwrap().item, 1);
        // The channel is lost, as if its engine had stopped.
        receiver.close().await;
        house.is_quiet().await;
    }
}

#[test]
fn a_policy_keeps_the_description_of_its_stage() {
    let described = |info: StageInfo| info.description;
    let expected = described(double().service_info());
    assert!(expected.is_some());
    let backoff = Backoff::never();
    let stage = double
        .retry(1, backoff)
        .on_error(Policy::Skip)
        .with_params(());
    assert_eq!(described(stage.service_info()), expected);
    assert!(stage.service_info().keeps_order);
}
