//! The kinds whose code owns its ends: streams, bytes, producers and consumers.

use pipewright::{
    ChannelReader, ChannelWriter, Pipeline, Receiver, Result, Sender, StageContext, StageRequest,
    Worker, pipeline_stage,
};
use serde_json::json;

use super::runs::{Step, gives, items, trigger, with_messages};
use crate::support::within;

#[pipeline_stage]
async fn sums_of(
    mut numbers: Receiver<u32>,
    mut sums: Sender<u64>,
    params: usize,
    context: &StageContext,
) -> Result<()> {
    let mut held = Vec::new();
    while let Some(number) = numbers.recv().await? {
        held.push(number);
        if held.len() == params {
            sums.send(held.drain(..).map(u64::from).sum()).await?;
            context.send_message("a sum");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_receiver_to_a_sender() {
    let message = || Step::Message("a sum".to_owned());
    let expected = vec![Step::Item(1), message(), Step::Item(5), message()];
    gives(sums_of, json!(2), items(0..5), expected).await;
    // Messages that it does not request bypass it.
    let mut expected = with_messages([0]);
    expected.insert(2, message());
    gives(sums_of, json!(1), with_messages([0]), expected).await;
}

/// Forwards bytes in another case.
#[pipeline_stage(id = "bytes::upper")]
async fn upper(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    while let Some(bytes) = input.next_bytes().await? {
        output.write(bytes.to_ascii_uppercase()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn bytes_to_bytes() {
    let mut out = Vec::new();
    Pipeline::read(&b"some bytes"[..])
        .then(upper)
        .run_local()
        .write_to(&mut out)
        .await
        .unwrap();
    assert_eq!(out, b"SOME BYTES");
    let worker = Worker::embedded().await.unwrap();
    worker.register(upper).unwrap();
    let to = worker.create_channel(None).await.unwrap();
    let mut from = worker.create_channel(None).await.unwrap();
    let mut request = StageRequest::default();
    request.reader_ref = Some(to.reader_ref);
    request.writer_ref = Some(from.writer_ref);
    let mut writer = to.writer.with_content(super::runs::metadata());
    let exchange = async {
        writer.write("some ").await.unwrap();
        writer.send_message("between").await.unwrap();
        writer.write("bytes").await.unwrap();
        writer.close().await.unwrap();
        from.reader.read_all().await.unwrap()
    };
    let call = trigger(&worker, "bytes::upper", &request);
    let (report, read) = within(futures::future::join(call, exchange)).await;
    assert_eq!(read, "SOME BYTES");
    let report = report.unwrap();
    assert_eq!((report.bytes_in, report.bytes_out), (10, 10));
}

#[pipeline_stage(id = "test::count_to")]
async fn count_to(mut output: Sender<u32>, context: StageContext, params: u32) {
    for number in 0..params {
        if output.send(number).await.is_err() {
            return;
        }
    }
    context.send_message("counted");
}

#[pipeline_stage(id = "test::total")]
async fn total(mut input: Receiver<u32>, params: &u32) -> Result<()> {
    let mut total = 0;
    while let Some(number) = input.recv().await? {
        total += number;
    }
    if total == *params {
        Ok(())
    } else {
        Err(pipewright::Error::msg(total))
    }
}

#[tokio::test]
async fn producers_and_consumers() {
    use pipewright::StageExt;

    let pipeline = || {
        Pipeline::produce(count_to.with_params(4))
            .then(double)
            .then(narrow)
            .consume(total.with_params(12))
    };
    pipeline().run_local().report().await.unwrap();
    let worker = Worker::embedded().await.unwrap();
    pipeline()
        .start(&worker)
        .await
        .unwrap()
        .report()
        .await
        .unwrap();

    worker.register(count_to).unwrap();
    worker.register(total).unwrap();
    let channel: pipewright::Channel<u32> = worker.channel(None).await.unwrap();
    let mut produce = StageRequest::default();
    produce.writer_ref = Some(channel.writer_ref.get_ref().clone());
    produce.params = json!(5);
    let mut consume = StageRequest::default();
    consume.reader_ref = Some(channel.reader_ref.get_ref().clone());
    consume.params = json!(10);
    let (produced, consumed) = within(futures::future::join(
        trigger(&worker, "test::count_to", &produce),
        trigger(&worker, "test::total", &consume),
    ))
    .await;
    assert_eq!(produced.unwrap().items_out, 5);
    assert_eq!(consumed.unwrap().items_in, 5);
}

#[pipeline_stage]
fn double(number: u32) -> u64 {
    u64::from(number) * 2
}

#[pipeline_stage]
fn narrow(number: u64) -> Result<u32> {
    Ok(number.try_into()?)
}
