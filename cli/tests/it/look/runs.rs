//! `runs`: the runs that an engine knows, and the names of their stages at channels.

use pipewright::{Engine, Pipeline, remote};

use super::look;
use crate::support::TestEngine;

#[pipewright::pipeline_stage(id = "text::passed")]
fn passed(text: String) -> String {
    text
}

#[tokio::test]
async fn runs_are_listed_and_described_with_their_stages() {
    let why = "only the embedded engine lists runs";
    let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
        return;
    };
    let none = look(&engine, &["runs"]).await.succeeded();
    assert!(none.stderr.contains("has seen no run"), "{none:?}");
    let worker = engine.worker(engine.address()).await;
    worker.register(passed).unwrap();
    worker.registered().await.unwrap();
    // An input that stays open.
    let (sender, input) = tokio::sync::mpsc::channel(1);
    sender.send("one".to_owned()).await.unwrap();
    let input = futures::stream::unfold(input, async |mut input| {
        let item = input.recv().await?;
        Some((item, input))
    });
    let pipeline = Pipeline::source(input).then(remote::<String, String>("text::passed"));
    let mut run = pipeline.start(&worker).await.unwrap();
    assert_eq!(run.next().await.unwrap().unwrap(), "one");

    let listed = look(&engine, &["runs", "--output", "json"])
        .await
        .succeeded();
    let listed = listed.json();
    assert_eq!(listed["runs"][0]["state"], "running");
    let number = listed["runs"][0]["run"].to_string();
    let table = look(&engine, &["runs", "list"]).await.succeeded();
    assert!(table.text().contains("text::passed"), "{table:?}");
    let shown = look(&engine, &["runs", "describe", &number])
        .await
        .succeeded();
    assert!(
        shown
            .text()
            .starts_with(&format!("run {number}: running, ")),
        "{shown:?}"
    );
    assert!(shown.text().contains("text::passed"), "{shown:?}");
    let channels = look(&engine, &["channels", "--measure", "0s"])
        .await
        .succeeded();
    assert!(channels.text().contains("> text::passed"), "{channels:?}");
    look(&engine, &["runs", "describe", "4711"]).await.failed(
        1,
        "knows no run 4711",
        "`pipewright runs` lists them",
    );
    drop(sender);
    run.report().await.unwrap();
    let done = look(&engine, &["runs", "describe", &number, "--output", "json"]).await;
    assert!(done.succeeded().json()["run"]["nodes"].is_array());
}
