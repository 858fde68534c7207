//! Known faults of the Node SDK, where they meet us: `docs/foreign-peers.md` has the table.

use pipewright::{Engine, Verdict};
use serde_json::json;

use crate::peer::Peer;
use crate::scene::{Scene, alone, shared, within_a_minute};
use crate::test_engine::TestEngine;
use crate::tests::ends::failure;

const LARGE: usize = 8 << 20;

#[test]
fn a_large_write_that_is_ended_properly_arrives_whole() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE });
        let (_, report) = tokio::join!(
            scene.ask(Peer::Node, "end_after_write", payload),
            scene.judge(&refs),
        );
        assert_eq!(report.bytes, LARGE as u64);
        assert!(matches!(report.verdict, Some(Verdict::CompleteUnverified)), "{report:?}");
    });
}

#[test]
fn what_close_cuts_off_behind_a_large_write_is_reported_to_the_reader() {
    shared(async |scene| {
        let why = "an iii engine lets the writer in a second time and hides the loss";
        if scene.engine.handle(why).is_none() {
            return;
        }
        let refs = scene.channel(Peer::Node).await;
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE });
        let answer = scene.ask(Peer::Node, "close_after_write", payload).await;
        assert!(answer["error"].as_str().is_some_and(|e| e.contains("409")), "{answer}");
        let report = scene.judge(&refs).await;
        assert!(failure(&report).is_truncated(), "{report:?}");
    });
}

#[test]
fn what_close_cuts_off_is_truncated_by_a_header_however_fast_the_reader_is() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let header = r#"{"type":"metadata","pipewright":1,"format":"bytes"}"#;
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE, "first": header });
        let (_, report) = tokio::join!(
            scene.call(Peer::Node, "close_after_write", payload),
            scene.judge(&refs),
        );
        assert!(failure(&report).is_truncated(), "{report:?}");
    });
}

#[test]
fn an_end_message_that_overtakes_its_data_is_no_end() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let end = json!({ "type": "end", "pipewright": 1, "bytes": LARGE }).to_string();
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE, "text": end });
        let (_, report) = tokio::join!(
            scene.call(Peer::Node, "message_after_write", payload),
            scene.judge(&refs),
        );
        assert!(failure(&report).is_truncated(), "{report:?}");
    });
}

#[test]
fn a_stream_that_is_destroyed_is_truncated() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let payload = json!({ "writerRef": refs.writer, "bytes": 100_000 });
        let (_, report) = tokio::join!(
            scene.ask(Peer::Node, "destroy", payload),
            scene.judge(&refs),
        );
        assert!(failure(&report).is_truncated(), "{report:?}");
    });
}

/// The same fault in every SDK: closing a writer that was not used does nothing.
#[test]
fn a_reader_whose_writer_never_came_gets_an_error_and_no_empty_stream() {
    alone(async || {
        let why = "the time that an engine waits can be set on ours only";
        let ttl = Engine::builder().channel_ttl(std::time::Duration::from_secs(1));
        let Some(engine) = TestEngine::ours(ttl, why).await else {
            return;
        };
        let scene = Scene::start(engine, &Peer::SDKS).await;
        for peer in Peer::SDKS {
            let refs = scene.channel(peer).await;
            let payload = json!({ "writerRef": refs.writer, "bytes": 0 });
            scene.ask(peer, "never_write", payload).await;
            let report = within_a_minute(scene.judge(&refs)).await;
            let error = failure(&report);
            assert!(error.is_truncated(), "{peer:?}: {error}");
        }
    });
}

#[test]
fn a_lost_writer_looks_like_an_end_to_the_sdk_but_our_end_message_is_missing() {
    shared(async |scene| {
        for peer in [Peer::Node, Peer::Python, Peer::Rust25] {
            let channel = scene.worker.create_channel(None).await.expect("a channel");
            let mut writer = channel.writer;
            let payload = json!({ "readerRef": channel.reader_ref, "pause_ms": 0 });
            let write = async {
                writer.write("a part").await.expect("room");
                writer.flush().await.expect("connected");
                // No abort and no close: what a process that is killed leaves behind.
                drop(writer.into_lost());
            };
            let (answer, ()) = tokio::join!(scene.ask(peer, "read", payload), write);
            assert_eq!(answer["error"], json!(null), "{peer:?} has learned of it: tell the docs");
        }
    });
}
