//! The stages of random pipelines.

use std::time::Duration;

use futures::{StreamExt, stream};
use pipewright::format::Json;
use pipewright::pipeline::Boxed;
use pipewright::{
    Backoff, ChannelReader, ChannelWriter, Compose, DeadLetter, Error, ItemStageExt, Pipeline,
    Policy, Receiver, Resource, Result, Sender, StageContext, StageExt, Worker, pipeline_stage,
    remote,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::super::endless;
use super::super::ran::then_idle;
use super::foreign::{FOREIGN, foreign};
use super::part::{Origin, Part};

#[pipeline_stage(id = "random::double")]
fn double(n: u64) -> u64 {
    n.wrapping_mul(2)
}
#[pipeline_stage(id = "random::increment")]
async fn increment(n: u64) -> u64 {
    tokio::task::yield_now().await;
    n.wrapping_add(1)
}
#[pipeline_stage(id = "random::odd")]
fn odd(n: &u64) -> bool {
    n % 2 == 1
}
#[pipeline_stage(id = "random::twice")]
fn twice(n: u64) -> Vec<u64> {
    vec![n, n]
}
#[pipeline_stage(id = "random::ordered", concurrency = 4, ordered)]
async fn ordered(n: u64) -> u64 {
    for _ in 0..n % 5 {
        tokio::task::yield_now().await;
    }
    n
}
#[pipeline_stage(id = "random::unordered", concurrency = 4, unordered)]
async fn unordered(n: u64) -> u64 {
    for _ in 0..n % 5 {
        tokio::task::yield_now().await;
    }
    n
}
#[pipeline_stage(id = "random::announce")]
fn announce(n: u64, context: &StageContext) -> u64 {
    context.send_message(format!("saw {n}"));
    n
}
#[pipeline_stage(id = "random::blocking", blocking)]
fn blocking(n: u64) -> u64 {
    n
}
#[pipeline_stage(id = "random::fives")]
fn fives(n: u64) -> Result<u64> {
    if n.is_multiple_of(5) {
        return Err(Error::msg(format_args!("{n} is a five")));
    }
    Ok(n)
}
#[pipeline_stage(id = "random::flaky")]
async fn flaky(n: u64, calls: &mut u64) -> Result<u64> {
    *calls += 1;
    if !calls.is_multiple_of(3) {
        return Err(Error::msg("not now"));
    }
    Ok(n)
}
#[pipeline_stage(id = "random::late")]
fn late(n: u64) -> impl Iterator<Item = Result<u64>> + Send {
    let second = match n % 3 {
        0 => Err(Error::msg("a three")),
        _ => Ok(n),
    };
    [Ok(n), second].into_iter()
}
#[pipeline_stage(id = "random::fails_on_13")]
fn fails_on_13(n: u64) -> Result<u64> {
    if n == 13 {
        return Err(Error::msg("thirteen"));
    }
    Ok(n)
}
#[pipeline_stage(id = "random::panics_on_17")]
async fn panics_on_17(n: u64) -> u64 {
    assert!(n != 17, "seventeen");
    n
}

#[pipeline_stage(id = "random::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}
#[pipeline_stage(id = "random::sums")]
async fn sums(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    let (mut seen, mut sum) = (0, 0_u64);
    while let Some(n) = input.recv().await? {
        (seen, sum) = (seen + 1, sum.wrapping_add(n));
        if seen == 3 {
            output.send(sum).await?;
            (seen, sum) = (0, 0);
        }
    }
    output.send(sum).await?;
    Ok(())
}
/// Fails at its fourth item.
#[pipeline_stage(id = "random::sums_fail")]
async fn sums_fail(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..3 {
        let Some(n) = input.recv().await? else {
            return Ok(());
        };
        output.send(n).await?;
    }
    match input.recv().await? {
        Some(_) => Err(Error::msg("fourth")),
        None => Ok(()),
    }
}
#[pipeline_stage(id = "random::first")]
async fn first(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..5 {
        let Some(n) = input.recv().await? else { break };
        output.send(n).await?;
    }
    Ok(())
}
#[pipeline_stage(id = "random::leave")]
async fn leave(input: Receiver<u64>, output: Sender<u64>) {
    drop((input, output));
}
#[pipeline_stage(id = "random::takes_three")]
async fn takes_three(mut input: Receiver<u64>) -> Result<()> {
    for _ in 0..3 {
        if input.recv().await?.is_none() {
            break;
        }
    }
    Ok(())
}
#[pipeline_stage(id = "random::copy")]
async fn copy(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}
#[pipeline_stage(id = "random::numbers")]
async fn numbers(mut output: Sender<u64>) -> Result<()> {
    for n in 0..40 {
        if n % 10 == 0 {
            output.send_message(format!("at {n}")).await?;
        }
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "random::hasty")]
async fn hasty(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Ok(Some(n)) = input.recv().await {
        output.send(n).await?;
    }
    Ok(())
}

/// An error that does not reveal its cause.
#[derive(Debug, thiserror::Error)]
#[error("it did not work")]
struct Opaque;

#[pipeline_stage(id = "random::opaque")]
async fn opaque(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<(), Opaque> {
    while let Some(n) = input.recv().await.map_err(|_| Opaque)? {
        output.send(n).await.map_err(|_| Opaque)?;
    }
    Ok(())
}

#[pipeline_stage(id = "random::hang")]
async fn hang(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    std::future::pending().await
}

#[pipeline_stage(id = "random::takes_all")]
async fn takes_all(mut input: Receiver<u64>) -> Result<()> {
    while input.recv().await?.is_some() {}
    Ok(())
}

#[pipeline_stage(id = "random::offset")]
fn offset(n: u64, offset: &Resource<u64>) -> u64 {
    n.wrapping_add(**offset)
}

#[pipeline_stage(id = "random::delayed", finish = |held: Option<u64>| held)]
fn delayed(n: u64, held: &mut Option<u64>) -> Option<u64> {
    held.replace(n)
}

#[pipeline_stage(id = "random::batched", batch = 3, within = "10m")]
async fn batched(items: Vec<u64>) -> Vec<u64> {
    tokio::task::yield_now().await;
    items
}

#[pipeline_stage(id = "random::total")]
async fn total(mut input: Receiver<u64>) -> Result<u64> {
    let mut total = 0_u64;
    while let Some(n) = input.recv().await? {
        total = total.wrapping_add(n);
    }
    Ok(total)
}

#[pipeline_stage(id = "random::describe")]
fn describe(n: u64, context: &StageContext) -> u64 {
    if n.is_multiple_of(4) {
        let metadata = context.metadata().map(Value::to_string);
        context.send_message(format!("{n} with {}", metadata.unwrap_or_default()));
    }
    n
}

#[pipeline_stage(id = "random::relabel")]
async fn relabel(mut input: Receiver<u64>, output: Sender<u64>) -> Result<()> {
    let mut output = output.with_content(json!({"file": "b.txt"}));
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

/// Registers the stages that run on another worker.
pub(super) async fn register(worker: &Worker) {
    worker.register(increment).unwrap();
    worker.register(pass).unwrap();
    worker.register_function(FOREIGN, foreign).unwrap();
    worker.provide(1_u64);
    worker.registered().await.unwrap();
}

pub(super) type Numbers = Pipeline<Boxed<u64, Json>>;

pub(super) fn begin(origin: Origin, items: &[u64]) -> Numbers {
    source(origin, items).metadata(json!({"file": "a.txt"}))
}

fn source(origin: Origin, items: &[u64]) -> Numbers {
    let items = items.to_vec();
    match origin {
        Origin::Ready => Pipeline::from_iter(items).boxed(),
        Origin::Yielding => Pipeline::source(stream::iter(items).then(async |n| {
            tokio::task::yield_now().await;
            n
        }))
        .boxed(),
        Origin::Slow => Pipeline::source(stream::iter(items).then(async |n| {
            sleep(Duration::from_millis(3)).await;
            n
        }))
        .boxed(),
        Origin::Idle => Pipeline::source(then_idle(items)).boxed(),
        Origin::Failing => {
            let items = items
                .into_iter()
                .map(Ok)
                .chain([Err(Error::msg("the source broke"))]);
            Pipeline::try_source(stream::iter(items)).boxed()
        }
        Origin::Endless => Pipeline::source(endless()).boxed(),
        Origin::Producer => Pipeline::produce(numbers).boxed(),
    }
}

pub(super) fn add(pipeline: Numbers, part: Part, letters: &mut Vec<Sender<DeadLetter>>) -> Numbers {
    match part {
        Part::Double => pipeline.then(double).boxed(),
        Part::Increment => pipeline.then(increment).boxed(),
        Part::Odd => pipeline.then(odd).boxed(),
        Part::Twice => pipeline.then(twice).boxed(),
        Part::Ordered4 => pipeline.then(ordered).boxed(),
        Part::Unordered4 => pipeline.then(unordered).boxed(),
        Part::Announce => pipeline.then(announce).boxed(),
        Part::Blocking => pipeline.then(blocking).boxed(),
        Part::SkipFives => pipeline.then(fives.on_error(Policy::Skip)).boxed(),
        Part::DeadFives => pipeline
            .then(fives.dead_letter(letters.pop().unwrap()))
            .boxed(),
        Part::Retry => pipeline.then(flaky.retry(2, at_once())).boxed(),
        Part::LateSkip => pipeline.then(late.on_error(Policy::Skip)).boxed(),
        Part::FailsOn13 => pipeline.then(fails_on_13).boxed(),
        Part::PanicsOn17 => pipeline.then(panics_on_17).boxed(),
        Part::Pass => pipeline.then(pass).boxed(),
        Part::Sums => pipeline.then(sums).boxed(),
        Part::SumsFail => pipeline.then(sums_fail).boxed(),
        Part::First => pipeline.then(first).boxed(),
        Part::Leave => pipeline.then(leave).boxed(),
        Part::Copies => pipeline.parallel(3, increment).boxed(),
        Part::OrderedCopies => pipeline.parallel_ordered(2, twice).boxed(),
        Part::OrderedSums => pipeline.parallel_ordered(3, sums).boxed(),
        Part::Partition => pipeline
            .partition(2, |n| n % 3, |numbers| numbers.then(increment))
            .boxed(),
        Part::Broadcast => pipeline
            .broadcast()
            .branch(|numbers| numbers.then(double))
            .branch(|numbers| numbers.then(odd))
            .merge()
            .boxed(),
        Part::BroadcastFirst => pipeline
            .broadcast()
            .branch(|numbers| numbers.then(first))
            .branch(|numbers| numbers.then(odd))
            .merge()
            .boxed(),
        Part::BroadcastFail => pipeline
            .broadcast()
            .branch(|numbers| numbers.then(fails_on_13))
            .branch(|numbers| numbers.then(double))
            .merge()
            .boxed(),
        Part::Tee => pipeline.tee(|numbers| numbers.consume(takes_three)).boxed(),
        Part::Merge => pipeline.merge(Pipeline::from_iter(1000..1010_u64)).boxed(),
        Part::Composed => pipeline.then(double.then(increment)).boxed(),
        Part::Recoded => pipeline.encode().then(copy).decode::<u64, Json>().boxed(),
        Part::Hasty => pipeline.then(hasty).boxed(),
        Part::Opaque => pipeline.then(opaque).boxed(),
        Part::Hang => pipeline.then(hang).boxed(),
        Part::Remote => pipeline.then(increment.remote()).boxed(),
        Part::RemoteStream => pipeline.then(pass.remote()).boxed(),
        Part::ComposedStream => pipeline.then(increment.then(pass)).boxed(),
        Part::Closures => pipeline
            .filter(|n| n % 4 != 0)
            .map(|n| n.wrapping_add(1))
            .boxed(),
        Part::Offset => pipeline.then(offset).boxed(),
        Part::Lookup => pipeline
            .lookup(|n, one: &u64| Some(n.wrapping_add(*one)))
            .boxed(),
        Part::Delayed => pipeline.then(delayed).boxed(),
        Part::Batched => pipeline.then(batched).boxed(),
        Part::Total => pipeline.then(total).boxed(),
        Part::ForkJoin => pipeline
            .fork_join(
                |numbers| numbers.then(total),
                |numbers| {
                    numbers.fold(0_u64, |count, _| {
                        *count += 1;
                        Ok::<_, Error>(())
                    })
                },
            )
            .map(|(total, count)| total.wrapping_add(count))
            .boxed(),
        Part::Zip => pipeline
            .zip(Pipeline::from_iter(0..10_u64))
            .map(|(n, at)| n.wrapping_add(at))
            .boxed(),
        Part::Describe => pipeline.then(describe).boxed(),
        Part::Relabel => pipeline.then(relabel).boxed(),
        Part::Foreign => pipeline.then(remote::<u64, u64>(FOREIGN)).boxed(),
        Part::ForeignTwice => pipeline
            .then(remote::<u64, u64>(FOREIGN))
            .then(remote::<u64, u64>(FOREIGN))
            .boxed(),
        Part::TellTee => pipeline
            .then(announce)
            .tee(|numbers| numbers.consume(takes_all))
            .boxed(),
    }
}

fn at_once() -> Backoff {
    let wait = Duration::from_millis(1);
    Backoff::new().first(wait).base(wait).cap(wait)
}
