//! Known faults of the Rust SDKs that affect us; `docs/foreign-peers.md` has the table.

use serde_json::{Value, json};

use crate::peer::Peer;
use crate::scene::shared;

#[test]
fn read_after_a_cancelled_read_is_an_error() {
    shared(async |scene| {
        let why = "an iii engine lets the reader in a second time and closes at once";
        if scene.engine.handle(why).is_none() {
            return;
        }
        for peer in [Peer::Rust25, Peer::Rust26] {
            let channel = scene.worker.create_channel(None).await.expect("a channel");
            let payload = json!({ "readerRef": channel.reader_ref });
            let mut writer = channel.writer;
            let write = async {
                writer.write("first").await.expect("room");
                writer.flush().await.expect("connected");
            };
            let read = scene.ask(peer, "read_after_timeout", payload);
            let (answer, ()) = tokio::join!(read, write);
            assert_eq!(answer["gave_up"], true, "{peer:?}");
            assert!(
                answer["error"]
                    .as_str()
                    .is_some_and(|e| e.contains("HTTP error: 40")),
                "{answer}"
            );
            let closed = writer.close().await;
            assert!(closed.expect_err("told").is_reader_gone(), "{peer:?}");
        }
    });
}

#[test]
fn an_error_is_told_again_by_the_newer_sdk_only() {
    shared(async |scene| {
        for (peer, again) in [(Peer::Rust25, false), (Peer::Rust26, true)] {
            let refs = scene.channel(peer).await;
            let write = json!({ "writerRef": refs.writer, "bytes": 10 });
            let (_, read) = tokio::join!(
                scene.ask(Peer::Node, "destroy", write),
                scene.ask(peer, "read_verdict", json!({ "readerRef": refs.reader })),
            );
            assert_ne!(
                read["again"]["error"] == Value::Null,
                again,
                "{peer:?}: {read}"
            );
        }
    });
}

#[test]
fn sdk_misses_only_refs_at_unusual_positions() {
    shared(async |scene| {
        let r = json!({ "channel_id": "c", "access_key": "k", "direction": "read" });
        let payload = json!({ "readerRef": r, "deep": { "er": r }, "list": [r, { "at": r }] });
        for peer in [Peer::Rust25, Peer::Rust26] {
            let mut found: Vec<String> =
                serde_json::from_value(scene.ask(peer, "find_refs", payload.clone()).await)
                    .expect("paths");
            found.sort_unstable();
            assert_eq!(found, ["deep.er", "list[1].at", "readerRef"], "{peer:?}");
        }
        let ours = pipewright::find_refs(&payload);
        assert!(ours.iter().any(|found| found.path == "list[0]"));
    });
}
