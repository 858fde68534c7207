//! The stages of `examples/polyglot` when something goes wrong. The example itself shows that they
//! work.

use pipewright::{Abort, ByteChannel, Worker};
use serde_json::json;
use tokio::process::Command;
use tokio::sync::OnceCell;

use crate::agent::{Agent, unique};
use crate::peer::{Peer, installed, manifest};
use crate::scene::{Refs, Scene, shared, within_a_minute};
use crate::tests::ends::failure;

/// Starts the programs once; they end with the suite.
async fn start(scene: &Scene) {
    static STARTED: OnceCell<[Agent; 2]> = OnceCell::const_new();
    let launch = async |peer: Peer, program: String, script: std::path::PathBuf| {
        let mut command = Command::new(program);
        command.arg(script);
        let name = format!("stages-{}", unique(peer));
        let ready = "polyglot::ready".to_owned();
        Agent::launch(&scene.worker, scene.engine.url(), command, name, ready).await
    };
    let started = STARTED.get_or_init(async || {
        let python = installed("PEERS_STAGES_PYTHON").display().to_string();
        let script = manifest("../../examples/polyglot/stages.py");
        let python = launch(Peer::Python, python, script).await;
        let script = installed("PEERS_STAGES").join("stages.js");
        [python, launch(Peer::Node, "node".to_owned(), script).await]
    });
    started.await;
}

/// Runs the Python stage followed by the TypeScript stage, until our reader has failed.
async fn through_both(worker: &Worker, input: &Refs) -> Abort {
    let [between, last]: [ByteChannel; 2] = [
        worker.create_channel(None).await.expect("a channel"),
        worker.create_channel(None).await.expect("a channel"),
    ];
    let celsius = json!({ "readerRef": input.reader, "writerRef": between.writer_ref });
    let weather = json!({ "readerRef": between.reader_ref, "writerRef": last.writer_ref });
    let mut reader = last.reader;
    let read = async {
        while let Ok(Some(_)) = reader.next_frame().await {}
        failure(&reader.report()).abort().expect("aborted").clone()
    };
    let (celsius, weather, abort) = within_a_minute(async {
        tokio::join!(
            worker.call::<serde_json::Value>("py::celsius", &celsius),
            worker.call::<serde_json::Value>("ts::weather", &weather),
            read,
        )
    })
    .await;
    celsius.expect_err("its input was not whole");
    weather.expect_err("its input was not whole");
    abort
}

/// The stages that an abort passed through, in order.
fn stages(abort: &Abort) -> Vec<Option<&str>> {
    let all = abort.causes.iter().chain([abort]);
    all.map(|abort| abort.stage.as_deref()).collect()
}

#[test]
fn abort_passes_every_stage_with_its_first_cause() {
    shared(async |scene| {
        start(scene).await;
        let refs = scene.channel(Peer::Own).await;
        let mut writer = scene.worker.writer(&refs.writer);
        let write = async {
            let item = json!({ "city": "a", "fahrenheit": 50 }).to_string() + "\n";
            writer.write(item).await.expect("room");
            writer.flush().await.expect("connected");
            drop(writer);
        };
        let (abort, ()) = tokio::join!(through_both(&scene.worker, &refs), write);
        assert_eq!(abort.first_cause().code, Abort::DROPPED);
        assert_eq!(abort.code, Abort::INPUT_FAILED);
        let passed = [None, Some("py::celsius"), Some("ts::weather")];
        assert_eq!(stages(&abort), passed, "{abort:?}");
    });
}

#[test]
fn packages_detect_a_truncated_stream_that_the_sdk_misses() {
    shared(async |scene| {
        start(scene).await;
        let refs = scene.channel(Peer::Node).await;
        let header = r#"{"type":"metadata","pipewright":1,"format":"ndjson"}"#;
        let payload = json!({ "writerRef": refs.writer, "bytes": 8 << 20, "message": header });
        let (abort, _) = tokio::join!(
            through_both(&scene.worker, &refs),
            scene.call(Peer::Node, "close_after_write", payload),
        );
        let first = abort.first_cause();
        assert_eq!(first.stage.as_deref(), Some("py::celsius"), "{abort:?}");
        assert!(
            first.message.starts_with("the stream was cut short"),
            "{abort:?}"
        );
        assert_eq!(stages(&abort), [Some("py::celsius"), Some("ts::weather")]);
    });
}
