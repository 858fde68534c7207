//! `stages`, `functions`, `workers`, `channels`.

use futures::{SinkExt, StreamExt};
use pipewright::prelude::*;
use pipewright::{Engine, Payload};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use super::{look, pipewright, run};
use crate::support::{TestEngine, within};

/// Why a test of a list needs a new engine.
const WHOLE: &str = "the list is compared as a whole";

/// Keeps the lines that contain an error.
///
/// Drops all other lines.
#[pipeline_stage(id = "log::errors")]
fn errors(line: &Line) -> bool {
    line.text.contains("error")
}

#[derive(Serialize, Deserialize)]
struct Line {
    text: String,
}

#[pipeline_stage(id = "log::tail")]
async fn tail(mut lines: Sender<Line>) -> Result<()> {
    let text = "the end".to_owned();
    Ok(lines.send(Line { text }).await?)
}

#[pipeline_stage(id = "bytes::pass")]
async fn pass(mut input: ChannelReader, mut output: ChannelWriter) -> Result<()> {
    tokio::io::copy(&mut input, &mut output).await?;
    Ok(())
}

/// An engine with a worker that has stages and functions of every kind.
async fn house() -> Option<(TestEngine, Worker)> {
    let engine = TestEngine::ours(Engine::builder(), WHOLE).await?;
    let worker = engine.builder(engine.address());
    let worker = worker.name("logs").description("reads logs");
    let worker = worker.connect().await.unwrap();
    worker.register(errors).unwrap();
    worker.register(tail).unwrap();
    worker.register(pass).unwrap();
    let hang = |_: Payload| std::future::pending::<()>();
    worker
        .function("odd::metadata")
        .metadata(&5)
        .register(hang)
        .unwrap();
    let plain = worker
        .function("plain::function")
        .description("says\u{7} nothing");
    plain.register(hang).unwrap();
    worker.registered().await.unwrap();
    Some((engine, worker))
}

/// The cells of a table, one line each.
fn cells(text: &str) -> Vec<Vec<&str>> {
    let line = |line: &'static str| {
        line.split("  ")
            .map(str::trim)
            .filter(|cell| !cell.is_empty())
    };
    let text: &'static str = Box::leak(text.to_owned().into_boxed_str());
    text.lines().map(|text| line(text).collect()).collect()
}

#[tokio::test]
async fn stages_tell_what_goes_in_and_out() {
    let Some((engine, _worker)) = house().await else {
        return;
    };
    let ran = look(&engine, &["stages"]).await.succeeded();
    let expected = [
        vec!["STAGE", "KIND", "IN", "OUT", "WORKER", "DESCRIPTION"],
        vec![
            "bytes::pass",
            "stage",
            "bytes",
            "bytes",
            "logs",
            "a stage of a pipewright pipeline",
        ],
        vec![
            "log::errors",
            "stage",
            "Line (ndjson)",
            "Line (ndjson)",
            "logs",
            "Keeps the lines that contain an error.",
        ],
        vec![
            "log::tail",
            "producer",
            "-",
            "Line (ndjson)",
            "logs",
            "a stage of a pipewright pipeline",
        ],
    ];
    assert_eq!(cells(ran.text()), expected);
    assert_eq!(ran.stderr, "");

    let ran = look(&engine, &["stages", "--output", "json"])
        .await
        .succeeded();
    let stages = ran.json()["stages"].as_array().unwrap().clone();
    assert_eq!(stages.len(), 3);
    let stream = json!({"format": "ndjson", "item": "Line"});
    assert_eq!(stages[1]["id"], "log::errors");
    assert_eq!(stages[1]["input"], stream);
    assert_eq!(stages[1]["output"], stream);
    assert_eq!(stages[1]["calls"], 0);
    assert_eq!(stages[2]["kind"], "producer");
    assert!(stages[2].get("input").is_none());
}

#[tokio::test]
async fn functions_and_workers_tell_how_busy_they_are() {
    let Some((engine, worker)) = house().await else {
        return;
    };
    let caller = worker.clone();
    let call = tokio::spawn(async move { caller.call::<Value>("plain::function", &()).await });
    engine.settled(|stats| stats.calls == 1).await;

    let ran = look(&engine, &["functions"]).await.succeeded();
    let table = cells(ran.text());
    assert_eq!(table[0], ["FUNCTION", "WORKER", "CALLS", "DESCRIPTION"]);
    assert_eq!(table[4], ["odd::metadata", "logs", "0"]);
    // A description may contain control characters, such as the bell, which must not be printed.
    assert_eq!(
        table[5],
        ["plain::function", "logs", "1", "says\u{fffd} nothing"]
    );
    let ran = look(&engine, &["functions", "--output", "json"])
        .await
        .succeeded();
    let functions = ran.json()["functions"].as_array().unwrap().clone();
    assert_eq!(functions.len(), 5);
    assert_eq!(functions[4]["function_id"], "plain::function");
    assert_eq!(functions[4]["calls"], 1);
    assert_eq!(functions[3]["metadata"], 5);

    let ran = look(&engine, &["workers"]).await.succeeded();
    let pid = std::process::id().to_string();
    let version = env!("CARGO_PKG_VERSION");
    let expected = [
        vec![
            "WORKER",
            "RUNTIME",
            "VERSION",
            "PID",
            "FUNCTIONS",
            "CALLS",
            "DESCRIPTION",
        ],
        vec!["logs", "rust", version, &pid, "5", "1", "reads logs"],
    ];
    assert_eq!(cells(ran.text()), expected);
    let ran = look(&engine, &["workers", "--output", "json"])
        .await
        .succeeded();
    assert_eq!(ran.json()["workers"][0]["functions"], 5);
    assert_eq!(ran.json()["workers"].as_array().unwrap().len(), 1);
    call.abort();
}

#[tokio::test]
async fn a_namespace_is_told_where_there_is_one() {
    let Some(engine) = TestEngine::ours(Engine::builder(), WHOLE).await else {
        return;
    };
    let worker = engine.builder(engine.address()).name("logs");
    let worker = worker.namespace("night").connect().await.unwrap();
    worker.register(tail).unwrap();
    worker.registered().await.unwrap();
    let ran = look(&engine, &["functions"]).await.succeeded();
    assert_eq!(cells(ran.text())[0][..2], ["FUNCTION", "NAMESPACE"]);
    assert_eq!(cells(ran.text())[1][..3], ["log::tail", "night", "logs"]);
    let ran = look(&engine, &["stages"]).await.succeeded();
    assert_eq!(
        cells(ran.text())[1][..3],
        ["log::tail", "night", "producer"]
    );
    let ran = look(&engine, &["workers"]).await.succeeded();
    assert_eq!(cells(ran.text())[1][..3], ["logs", "night", "rust"]);
}

#[tokio::test]
async fn channels_tell_how_full_and_how_fast_they_are() {
    let Some(engine) = TestEngine::ours(Engine::builder(), WHOLE).await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    let ran = look(&engine, &["channels"]).await.succeeded();
    assert_eq!(ran.text(), "");
    assert_eq!(ran.stderr, "no channel is unfinished at this engine\n");

    let channel = worker.create_channel(2).await.unwrap();
    let mut writer = channel.writer;
    writer.write(vec![7; 1000]).await.unwrap();
    writer.flush().await.unwrap();
    engine.settled(|stats| stats.buffered_frames == 2).await;
    let ran = look(&engine, &["channels", "--measure", "0s"])
        .await
        .succeeded();
    let table = cells(ran.text());
    let heading = [
        "CHANNEL", "WRITER", "READER", "FULL", "BUFFERED", "PASSED", "RATE", "AGE",
    ];
    assert_eq!(table[0], heading);
    let id = channel.writer_ref.channel_id;
    assert_eq!(table[1][..4], [id.as_str(), "open", "waiting", "100%"]);
    assert_eq!(table[1][5..7], ["0 B", "0 B/s"]);

    // A stream that runs while it is looked at.
    let mut reader = channel.reader;
    let streaming = tokio::spawn(async move {
        loop {
            writer.write(vec![7; 64 << 10]).await.unwrap();
            reader.next_bytes().await.unwrap();
        }
    });
    let ran = look(&engine, &["channels", "--output", "json"])
        .await
        .succeeded();
    streaming.abort();
    let listed = &ran.json()["channels"][0];
    assert_eq!(ran.json()["total"], 1);
    assert_eq!(listed["channel_id"], id.as_str());
    assert_eq!(
        (&listed["writer"], &listed["reader"]),
        (&json!("open"), &json!("open"))
    );
    let bytes = listed["bytes"].as_u64().unwrap();
    let rate = listed["bytes_per_second"].as_u64().unwrap();
    assert!(bytes > 64 << 10 && rate > 64 << 10, "{listed}");
    let measured = listed["measured_ms"].as_u64().unwrap();
    assert!((500..30_000).contains(&measured), "{listed}");
    let text = ran.text();
    let keys = [channel.writer_ref.access_key, channel.reader_ref.access_key];
    assert!(
        keys.iter().all(|key| !text.contains(key.expose())),
        "{text}"
    );
}

#[tokio::test]
async fn more_channels_than_are_listed_are_told() {
    let Some(engine) = TestEngine::ours(Engine::builder(), WHOLE).await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    for _ in 0..3 {
        worker.create_channel(None).await.unwrap();
    }
    let arguments = ["channels", "--limit", "2", "--measure", "0s"];
    let ran = look(&engine, &arguments).await.succeeded();
    assert_eq!(cells(ran.text()).len(), 3);
    assert_eq!(ran.stderr, "2 of 3 channels; more with `--limit`\n");
    let ran = look(&engine, &["channels", "--limit", "0"]).await;
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

/// An engine that sends a greeting and answers every call with `answer`.
pub(super) async fn foreign(answer: fn(&str) -> Value) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(socket).await.unwrap();
        let hello = json!({"type": "workerregistered", "worker_id": "w1"});
        socket.send(Message::text(hello.to_string())).await.unwrap();
        while let Some(Ok(message)) = socket.next().await {
            let Ok(call) = serde_json::from_slice::<Value>(&message.into_data()) else {
                continue;
            };
            if call["invocation_id"].is_null() {
                continue;
            }
            let id = call["function_id"].as_str().unwrap();
            let mut result = answer(id);
            result["type"] = "invocationresult".into();
            result["invocation_id"] = call["invocation_id"].clone();
            result["function_id"] = id.into();
            socket
                .send(Message::text(result.to_string()))
                .await
                .unwrap();
        }
    });
    url
}

#[tokio::test]
async fn an_engine_that_lists_nothing_is_told_of() {
    let unknown = |id: &str| {
        let message = format!("Function {id} not found in namespace default.");
        json!({"error": {"code": "function_not_found", "message": message}})
    };
    for (command, function) in [
        ("stages", "engine::functions::list"),
        ("functions", "engine::functions::list"),
        ("workers", "engine::workers::list"),
        ("channels", "engine::channels::list"),
    ] {
        let url = foreign(unknown).await;
        let ran = within(run(pipewright(&url, &[command]), b"")).await;
        let error = format!("the engine at {url} has no function {function}");
        let ran = ran.failed(1, &error, "not every engine lists this");
        assert_eq!(ran.text(), "");
    }
    let url = foreign(|_| json!({"result": {"functions": 7}})).await;
    let ran = run(pipewright(&url, &["functions"]), b"").await;
    ran.failed(1, "did not answer with a list of functions", "version");
}

/// An iii engine lists fewer fields: `docs/protocol.md` section 7.
#[tokio::test]
async fn incomplete_lists_of_other_engines_are_accepted() {
    let sparse = |id: &str| match id {
        "engine::functions::list" => json!({"result": {"functions": [
            {"function_id": "node::fn", "description": null},
            {"function_id": "py::fn", "metadata": {"pipewright": 1, "kind": "stage",
                                                   "input": {"format": "ndjson"}}},
            "odd",
        ]}}),
        _ => json!({"result": {"workers": [{"worker_id": "w1"}, {"worker_id": "w2", "pid": "x"}]}}),
    };
    let url = foreign(sparse).await;
    let ran = run(pipewright(&url, &["functions"]), b"").await.succeeded();
    assert_eq!(cells(ran.text())[1..], [["node::fn", "-"], ["py::fn", "-"]]);
    let url = foreign(sparse).await;
    let ran = run(pipewright(&url, &["stages"]), b"").await.succeeded();
    assert_eq!(cells(ran.text())[1..], [["py::fn", "stage", "ndjson", "-"]]);
    let url = foreign(sparse).await;
    let ran = run(pipewright(&url, &["workers"]), b"").await.succeeded();
    assert_eq!(cells(ran.text())[1..], [["w2", "-", "-", "-"]]);
}

#[tokio::test]
async fn no_engine_is_a_status_of_its_own() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/?token=s3cret", listener.local_addr().unwrap());
    drop(listener);
    let ran = run(pipewright(&url, &["functions"]), b"").await;
    let ran = ran.failed(
        3,
        "no engine answers",
        "start an engine with `pipewright engine`",
    );
    assert!(!ran.stderr.contains("s3cret"), "{ran:?}");
    let ran = run(pipewright("nonsense", &["functions"]), b"").await;
    ran.failed(2, "nonsense", "ws://127.0.0.1:49134");
}
