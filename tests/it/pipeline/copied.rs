//! Data before a failure, in stages that copy their input to their output.

use std::time::Duration;

use futures::stream;
use pipewright::{ChannelReader, ChannelWriter, Error, Pipeline, Result, pipeline_stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::ran::both_ways;

/// More than a channel holds, so that the stage has to wait before it writes its input.
const PREFIX: usize = 6 << 20;

#[pipeline_stage(id = "copied::prefixed")]
async fn prefixed(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    output.write_all(&vec![b'p'; PREFIX]).await?;
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

#[tokio::test]
async fn copied_data_before_a_failure_arrives_although_writes_wait() {
    let make = || {
        let chunks = [Ok("last".into()), Err(Error::msg("the source broke"))];
        Pipeline::try_source(stream::iter(chunks))
            .format::<pipewright::format::Raw>()
            .then(prefixed)
    };
    for ran in both_ways(make).await {
        let all = ran.items.concat();
        assert_eq!(ran.end, "stage_failed in source at 1: the source broke");
        assert_eq!(all.len(), PREFIX + 4);
        assert!(all.ends_with(b"last"));
    }
}

/// Drops a write that has to wait, and reads its input instead.
#[pipeline_stage(id = "copied::gives_up_writing")]
async fn gives_up_writing(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    let piece = vec![b'p'; 1 << 20];
    let all = async {
        loop {
            output.write_all(&piece).await?;
        }
    };
    let written: Result<Result<()>, _> = tokio::time::timeout(Duration::from_millis(50), all).await;
    assert!(written.is_err(), "the channel holds everything");
    input.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

#[tokio::test]
async fn failure_is_read_although_an_abandoned_write_waited() {
    let worker = pipewright::Worker::embedded().await.unwrap();
    let chunks = [Ok("last".into()), Err(Error::msg("the source broke"))];
    let mut run = Pipeline::try_source(stream::iter(chunks))
        .format::<pipewright::format::Raw>()
        .then(gives_up_writing)
        .start(&worker)
        .await
        .unwrap();
    // Nothing is read before the stage has ended, so its write waits.
    tokio::time::sleep(Duration::from_millis(3500)).await;
    let mut end = None;
    while let Some(item) = run.next().await {
        end = item.err();
    }
    assert_eq!(end.unwrap().first_cause().message, "the source broke");
}
