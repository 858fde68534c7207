//! Known faults of the Node SDK that affect us; `docs/foreign-peers.md` has the table.

use pipewright::Verdict;
use serde_json::json;

use crate::peer::Peer;
use crate::scene::shared;
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
        assert!(
            matches!(report.verdict, Some(Verdict::CompleteUnverified)),
            "{report:?}"
        );
    });
}

/// The SDK dials again for the rest, unless the answer to its first close arrives earlier and ends
/// the attempt. Only this attempt tells the engine that something is missing.
#[test]
fn data_cut_off_by_close_is_never_verified() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE });
        let answer = scene.ask(Peer::Node, "close_after_write", payload).await;
        let refused = answer["error"].as_str().is_some_and(|e| e.contains("409"));
        let report = scene.judge(&refs).await;
        assert!(report.bytes < LARGE as u64, "{report:?}");
        match report.verdict {
            Some(Verdict::CompleteUnverified) => assert!(!refused, "{answer}"),
            _ => assert!(failure(&report).is_truncated(), "{report:?}"),
        }
    });
}

#[test]
fn data_cut_off_by_close_is_truncated_with_a_header() {
    shared(async |scene| {
        let refs = scene.channel(Peer::Node).await;
        let header = r#"{"type":"metadata","pipewright":1,"format":"bytes"}"#;
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE, "message": header });
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
        let payload = json!({ "writerRef": refs.writer, "bytes": LARGE, "message": end });
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
