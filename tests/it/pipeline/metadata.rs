//! Metadata of users, fused and over channels alike.

use std::time::Duration;

use pipewright::{
    ChannelReader, ChannelWriter, Pipeline, Receiver, Result, Sender, StageContext, StageExt,
    Worker, pipeline_stage,
};
use serde_json::{Value, json};
use tokio::time::sleep;

use super::ran::{Ran, both_ways, ran};

#[pipeline_stage(id = "metadata::named")]
async fn named(output: Sender<u64>) -> Result<()> {
    let mut output = output.with_content(json!({"file": "a.txt"}));
    output.send(1).await?;
    Ok(())
}

/// Writes nothing but its header.
#[pipeline_stage(id = "metadata::named_and_empty")]
async fn named_and_empty(output: Sender<u64>) -> Result<()> {
    drop(output.with_content(json!({"file": "a.txt"})));
    Ok(())
}

#[pipeline_stage(id = "metadata::late")]
async fn late(output: Sender<u64>) -> Result<()> {
    sleep(Duration::from_millis(1500)).await;
    let mut output = output.with_content(json!({"file": "a.txt"}));
    output.send(1).await?;
    Ok(())
}

#[pipeline_stage(id = "metadata::known")]
fn known(n: u64, context: &StageContext) -> String {
    format!("{n} {}", text(context.metadata()))
}

/// What its context and its receiver say at the start, and the context after the items.
#[pipeline_stage(id = "metadata::known_of_stream")]
async fn known_of_stream(
    mut input: Receiver<u64>,
    mut output: Sender<String>,
    context: &StageContext,
) -> Result<()> {
    let first = text(context.metadata());
    let header = input
        .header()
        .await?
        .and_then(|header| header.content.clone());
    while input.recv().await?.is_some() {}
    let last = text(context.metadata());
    output
        .send(format!("{first} {} {last}", text(header.as_ref())))
        .await?;
    Ok(())
}

#[pipeline_stage(id = "metadata::known_of_bytes")]
async fn known_of_bytes(
    mut input: ChannelReader,
    mut output: ChannelWriter,
    context: &StageContext,
) -> Result<()> {
    let first = text(context.metadata());
    let header = input
        .header()
        .await?
        .and_then(|header| header.content.clone());
    input.read_all().await?;
    let last = text(context.metadata());
    output
        .write(format!("{first} {} {last}", text(header.as_ref())))
        .await?;
    Ok(())
}

#[pipeline_stage(id = "metadata::pass")]
async fn pass(mut input: Receiver<u64>, mut output: Sender<u64>) -> Result<()> {
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "metadata::copy")]
async fn copy(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

#[pipeline_stage(id = "metadata::renamed")]
async fn renamed(mut input: Receiver<u64>, output: Sender<u64>) -> Result<()> {
    let mut output = output.with_content(json!({"file": "b.txt"}));
    while let Some(n) = input.recv().await? {
        output.send(n).await?;
    }
    Ok(())
}

#[pipeline_stage(id = "metadata::fails")]
async fn fails(mut input: Receiver<u64>, context: &StageContext) -> Result<()> {
    let header = input
        .header()
        .await?
        .and_then(|header| header.content.clone());
    let (known, header) = (text(context.metadata()), text(header.as_ref()));
    Err(pipewright::Error::msg(format_args!("{known} {header}")))
}

/// The file that metadata names.
fn text(metadata: Option<&Value>) -> String {
    match metadata.and_then(|metadata| metadata.get("file")?.as_str()) {
        Some(file) => file.to_owned(),
        None => "-".to_owned(),
    }
}

fn all_are(all: [Ran<String>; 2], expected: &str) {
    for ran in all {
        assert_eq!(ran, Ran::complete([expected.to_owned()]));
    }
}

#[tokio::test]
async fn metadata_of_a_sender_reaches_the_next_stages() {
    let item = both_ways(|| Pipeline::produce(named).then(known)).await;
    all_are(item, "1 a.txt");
    let behind = || Pipeline::produce(named).then(pass).map(|n| n).then(known);
    all_are(both_ways(behind).await, "1 a.txt");
    let stream = both_ways(|| Pipeline::produce(named).then(known_of_stream)).await;
    all_are(stream, "a.txt a.txt a.txt");
    let empty = both_ways(|| Pipeline::produce(named_and_empty).then(known_of_stream)).await;
    all_are(empty, "a.txt a.txt a.txt");
    let renamed = || Pipeline::produce(named).then(renamed).then(known_of_stream);
    all_are(both_ways(renamed).await, "b.txt b.txt b.txt");
}

#[tokio::test]
async fn metadata_passes_byte_stages() {
    let bytes = || Pipeline::produce(named).encode().then(known_of_bytes);
    for ran in both_ways(bytes).await {
        assert_eq!(
            (ran.items.concat(), &*ran.end),
            (b"a.txt a.txt a.txt".to_vec(), "complete")
        );
    }
    let make = || {
        let copied = Pipeline::produce(named).encode().then(copy);
        copied.decode::<u64, pipewright::format::Json>().then(known)
    };
    all_are(both_ways(make).await, "1 a.txt");
}

#[tokio::test]
async fn metadata_reaches_consumers() {
    for ran in both_ways(|| Pipeline::produce(named).consume(fails)).await {
        assert!(ran.end.ends_with("a.txt a.txt"), "{}", ran.end);
    }
}

#[tokio::test]
async fn late_metadata_is_known_with_the_first_item() {
    let stream = both_ways(|| Pipeline::produce(late).then(known_of_stream)).await;
    all_are(stream, "- a.txt a.txt");
    let passed = || Pipeline::produce(late).then(pass).then(known);
    all_are(both_ways(passed).await, "1 a.txt");
}

#[tokio::test]
async fn merge_forwards_no_metadata_of_its_inputs() {
    let make = || {
        let merged = Pipeline::produce(named).merge(Pipeline::produce(named_and_empty));
        merged.then(known)
    };
    all_are(both_ways(make).await, "1 -");
}

#[tokio::test]
async fn metadata_passes_branches() {
    let make = || Pipeline::produce(named).parallel(2, known);
    all_are(both_ways(make).await, "1 a.txt");
}

#[tokio::test]
async fn metadata_passes_registered_stages() {
    let worker = Worker::embedded().await.unwrap();
    worker.register(pass).unwrap();
    worker.register(renamed).unwrap();
    worker.registered().await.unwrap();
    let make = || Pipeline::produce(named).then(pass.remote()).then(known);
    let fused = ran(make().run_local_with(&worker)).await;
    all_are(
        [fused, ran(make().start(&worker).await.unwrap()).await],
        "1 a.txt",
    );
    let make = || Pipeline::produce(named).then(renamed.remote()).then(known);
    let fused = ran(make().run_local_with(&worker)).await;
    all_are(
        [fused, ran(make().start(&worker).await.unwrap()).await],
        "1 b.txt",
    );
}
