//! Which failure is reported as the first cause, and what is not a failure.

use pipewright::{
    ChannelReader, ChannelWriter, Error, Pipeline, Receiver, Result, Sender, WriteError,
    pipeline_stage,
};

use super::endless;
use super::ran::{Ran, both_ways};

#[pipeline_stage(id = "endings::naturals")]
async fn naturals(mut output: Sender<u64>) -> Result<()> {
    for n in 0.. {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

/// An error that does not reveal its cause.
#[derive(Debug, thiserror::Error)]
#[error("it did not work")]
struct Opaque;

#[pipeline_stage(id = "endings::opaque")]
async fn opaque(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<(), Opaque> {
    while let Some(n) = input.recv().await.map_err(|_| Opaque)? {
        output.send(n).await.map_err(|_| Opaque)?;
    }
    Ok(())
}

/// An error type as in most programs.
#[derive(Debug, thiserror::Error)]
enum AppError {
    #[error(transparent)]
    Receive(#[from] pipewright::ReceiveError),
    #[error(transparent)]
    Send(#[from] pipewright::SendError<u64>),
}

#[pipeline_stage(id = "endings::transparent")]
async fn transparent(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<(), AppError> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::panics")]
async fn panics(mut input: Receiver<u64>, mut output: Sender<u64>) {
    while let Some(n) = input.recv().await.unwrap() {
        output.send(n).await.unwrap();
    }
}

#[pipeline_stage(id = "endings::copy")]
async fn copy(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

/// Outputs the first five items and stops.
#[pipeline_stage(id = "endings::first")]
async fn first(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    for _ in 0..5 {
        let Some(n) = input.recv().await? else { break };
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::fails_at_three")]
fn fails_at_three(n: u64) -> Result<u64> {
    if n == 3 {
        return Err(Error::msg("three"));
    }
    Ok(n)
}

#[tokio::test]
async fn a_producer_gives_way_when_its_reader_wants_no_more() {
    for ran in both_ways(|| Pipeline::produce(naturals).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
}

#[tokio::test]
async fn a_stage_gives_way_whatever_its_error_says() {
    let numbers = || Pipeline::source(endless());
    for ran in both_ways(|| numbers().then(pass).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
    for ran in both_ways(|| numbers().then(opaque).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
    for ran in both_ways(|| numbers().then(transparent).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
    for ran in both_ways(|| numbers().then(panics).then(first)).await {
        assert_eq!(ran, Ran::complete(0..5));
    }
}

#[tokio::test]
async fn the_first_cause_is_kept_whatever_an_error_says() {
    let cause = "stage_failed in endings::fails_at_three at 3: three";
    let numbers = || Pipeline::from_iter(0..9_u64).then(fails_at_three);
    for ran in both_ways(|| numbers().then(opaque).then(pass)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().then(transparent).then(opaque)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().then(panics).then(pass)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().encode().then(copy)).await {
        assert_eq!(ran.end, cause);
    }
}

/// Fails as if a channel of its own had lost its reader.
#[pipeline_stage(id = "endings::writes_elsewhere")]
fn writes_elsewhere(n: u64) -> Result<u64> {
    if n == 3 {
        return Err(WriteError::ReaderGone.into());
    }
    Ok(n)
}

#[pipeline_stage(id = "endings::copies_elsewhere")]
async fn copies_elsewhere(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        if n == 3 {
            return Err(std::io::Error::from(WriteError::ReaderGone).into());
        }
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::produces_elsewhere")]
async fn produces_elsewhere(mut output: Sender<u64>) -> Result<()> {
    output.send(0).await?;
    Err(WriteError::ReaderGone.into())
}

#[pipeline_stage(id = "endings::archives_elsewhere")]
async fn archives_elsewhere(mut input: Receiver<u64>) -> Result<()> {
    input.recv().await?;
    Err(WriteError::ReaderGone.into())
}

#[tokio::test]
async fn the_reader_of_another_channel_that_left_is_a_failure() {
    let numbers = || Pipeline::from_iter(0..9_u64);
    for ran in both_ways(|| numbers().then(writes_elsewhere)).await {
        let cause = "stage_failed in endings::writes_elsewhere at 3: ";
        assert!(ran.end.starts_with(cause), "{ran:?}");
    }
    for ran in both_ways(|| numbers().then(copies_elsewhere)).await {
        assert!(ran.end.contains("endings::copies_elsewhere"), "{ran:?}");
    }
    for ran in both_ways(|| Pipeline::produce(produces_elsewhere)).await {
        assert!(ran.end.contains("endings::produces_elsewhere"), "{ran:?}");
    }
    for ran in both_ways(|| numbers().consume(archives_elsewhere)).await {
        assert!(ran.end.contains("endings::archives_elsewhere"), "{ran:?}");
    }
}

/// Treats an error of its input as the end, as careless code does.
#[pipeline_stage(id = "endings::hasty")]
async fn hasty(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Ok(Some(n)) = input.recv().await {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::hasty_bytes")]
async fn hasty_bytes(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    while let Ok(Some(bytes)) = input.next_bytes().await {
        output.write(bytes).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "endings::hasty_consumer")]
async fn hasty_consumer(mut input: Receiver<u64>) {
    while let Ok(Some(_)) = input.recv().await {}
}

#[tokio::test]
async fn a_failed_input_fails_a_stage_that_ignores_it() {
    let cause = "stage_failed in endings::fails_at_three at 3: three";
    let numbers = || Pipeline::from_iter(0..9_u64).then(fails_at_three);
    for ran in both_ways(|| numbers().then(hasty)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().then(hasty).then(hasty)).await {
        assert_eq!((&*ran.end, ran.items), (cause, vec![0, 1, 2]));
    }
    for ran in both_ways(|| numbers().encode().then(hasty_bytes)).await {
        assert_eq!(ran.end, cause);
    }
    for ran in both_ways(|| numbers().consume(hasty_consumer)).await {
        assert_eq!(ran.end, cause);
    }
}

#[tokio::test]
async fn panic_in_the_source_fails_the_run() {
    let numbers = || (0..9_u64).inspect(|n| assert_ne!(*n, 3, "three"));
    for ran in both_ways(|| Pipeline::from_iter(numbers())).await {
        assert!(ran.end.starts_with("stage_panicked in source"), "{ran:?}");
        assert_eq!(ran.items, [0, 1, 2]);
    }
    for ran in both_ways(|| Pipeline::from_iter(numbers()).then(pass)).await {
        assert!(ran.end.starts_with("stage_panicked in source"), "{ran:?}");
    }
}
