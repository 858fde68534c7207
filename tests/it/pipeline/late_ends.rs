//! Time alone fails no run: every end connects when the run starts.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use pipewright::{
    Channel, ChannelReader, ChannelWriter, DeadLetter, Engine, Error, ItemStageExt, Pipeline,
    Receiver, Result, Sender, Worker, pipeline_stage,
};
use tokio::time::sleep;

use super::ran::{Ran, ran};

/// How long the engine of these tests waits for an unopened end.
const TTL: Duration = Duration::from_millis(300);

async fn forgetful() -> (Engine, Worker) {
    let engine = Engine::builder().in_process().channel_ttl(TTL);
    let engine = engine.start().await.unwrap();
    let worker = Worker::builder(engine.address()).connect().await.unwrap();
    (engine, worker)
}

#[pipeline_stage(id = "late::producer")]
async fn late_producer(mut output: Sender<u64>) -> Result<()> {
    sleep(TTL * 4).await;
    output.send(1).await?;
    Ok(())
}

/// Outputs nothing before it has read everything, as a sort does.
#[pipeline_stage(id = "late::total")]
async fn total(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    let mut sum = 0;
    while let Some(n) = input.recv().await? {
        sum += n;
    }
    sleep(TTL * 3).await;
    output.send(sum).await?;
    Ok(())
}

#[pipeline_stage(id = "late::total_bytes")]
async fn total_bytes(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let bytes = input.read_all().await?;
    sleep(TTL * 3).await;
    output.write(bytes).await?;
    Ok(())
}

#[pipeline_stage(id = "late::fives")]
async fn no_fives(n: u64) -> Result<u64> {
    if n.is_multiple_of(5) {
        return Err(Error::msg("a five"));
    }
    Ok(n)
}

fn slow_numbers() -> impl Stream<Item = u64> + Send + 'static {
    stream::iter(0..8).then(async |n| {
        sleep(TTL / 2).await;
        n
    })
}

#[tokio::test]
async fn a_producer_may_think_before_its_first_item() {
    let (_engine, worker) = forgetful().await;
    let run = Pipeline::produce(late_producer).start(&worker).await;
    assert_eq!(ran(run.unwrap()).await, Ran::complete([1]));
}

#[tokio::test]
async fn a_stage_may_think_before_its_first_output() {
    let (_engine, worker) = forgetful().await;
    for progress in [TTL / 6, Duration::from_secs(1)] {
        let run = Pipeline::source(slow_numbers()).then(total).then(total);
        let run = run.progress_interval(progress).start(&worker).await;
        assert_eq!(ran(run.unwrap()).await, Ran::complete([28]), "{progress:?}");
    }
}

#[tokio::test]
async fn a_stage_of_bytes_may_think_as_long() {
    let (_engine, worker) = forgetful().await;
    let run = Pipeline::read(&b"data"[..]).then(total_bytes);
    let run = run.start(&worker).await.unwrap();
    assert_eq!(ran(run).await, Ran::complete([Bytes::from("data")]));
}

#[tokio::test]
async fn branches_may_think_as_long() {
    let (_engine, worker) = forgetful().await;
    let run = Pipeline::source(slow_numbers())
        .broadcast()
        .branch(|numbers| numbers.then(total))
        .branch(|numbers| numbers.then(total))
        .merge()
        .start(&worker)
        .await;
    assert_eq!(ran(run.unwrap()).await, Ran::complete([28, 28]));
}

#[tokio::test]
async fn a_stage_on_another_worker_may_think_as_long() {
    let (engine, worker) = forgetful().await;
    let far = Worker::builder(engine.address()).connect().await.unwrap();
    far.register(total).unwrap();
    far.registered().await.unwrap();
    let run = Pipeline::source(slow_numbers()).then(pipewright::remote::<u64, u64>("late::total"));
    let run = run.start(&worker).await.unwrap();
    assert_eq!(ran(run).await, Ran::complete([28]));
}

#[tokio::test]
async fn the_first_dead_letter_may_come_late() {
    let (_engine, worker) = forgetful().await;
    let letters: Channel<DeadLetter> = worker.channel(None).await.unwrap();
    let mut receiver = letters.receiver;
    let reading = tokio::spawn(async move {
        let mut dead = Vec::new();
        while let Some(letter) = receiver.recv().await? {
            dead.push(letter.item);
        }
        Ok::<_, Error>(dead)
    });
    let numbers = slow_numbers().skip(1).take(5);
    let run = Pipeline::source(numbers).then(no_fives.dead_letter(letters.sender));
    let run = run.start(&worker).await.unwrap();
    assert_eq!(ran(run).await, Ran::complete(1..5));
    assert_eq!(reading.await.unwrap().unwrap(), [4]);
}
