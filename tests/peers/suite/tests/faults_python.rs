//! Known faults of the Python SDK that affect us; `docs/foreign-peers.md` has the table.

use serde_json::{Value, json};

use crate::agent::Agent;
use crate::peer::Peer;
use crate::scene::{shared, within_a_minute};
use crate::tests::ends::failure;

#[test]
fn end_after_a_write_is_lost_and_worker_loss_seen() {
    shared(async |scene| {
        let agent = Agent::start(&scene.worker, scene.engine.url(), Peer::Python).await;
        let function = format!("peer::{}::end_after_write", agent.name());
        let refs = scene.channel(Peer::Python).await;
        let payload = json!({ "writerRef": refs.writer, "bytes": 1_000 });
        scene
            .worker
            .trigger(function, &payload)
            .void()
            .await
            .expect("called");
        let mut reader = scene.worker.reader(&refs.reader);
        let data = within_a_minute(reader.next_bytes()).await.expect("data");
        assert_eq!(data.map(|data| data.len()), Some(1_000));
        agent.kill().await;
        within_a_minute(reader.next_bytes())
            .await
            .expect_err("no end was sent");
        assert!(failure(&reader.report()).is_truncated());
    });
}

#[test]
fn a_write_behind_the_close_fails_and_does_not_vanish() {
    shared(async |scene| {
        let why = "an iii engine takes the second socket and drops what it brings";
        if scene.engine.handle(why).is_none() {
            return;
        }
        for peer in [Peer::Python, Peer::Rust25, Peer::Rust26] {
            let refs = scene.channel(peer).await;
            let payload = json!({ "writerRef": refs.writer, "bytes": 0 });
            let answer = scene.ask(peer, "write_after_close", payload).await;
            assert!(
                answer["error"].as_str().is_some_and(|e| e.contains("409")),
                "{answer}"
            );
            let report = scene.judge(&refs).await;
            assert_eq!(report.bytes, 5, "{peer:?}");
            assert!(failure(&report).is_truncated(), "{peer:?}");
        }
    });
}

#[test]
fn reading_a_second_time_is_an_error() {
    shared(async |scene| {
        let why = "an iii engine lets a second reader in and closes at once";
        if scene.engine.handle(why).is_none() {
            return;
        }
        let channel = scene.worker.create_channel(None).await.expect("a channel");
        let mut writer = channel.writer;
        let payload = json!({ "readerRef": channel.reader_ref });
        let write = async {
            writer.write(vec![0; 1_000]).await.expect("room");
            writer.close().await.expect("confirmed");
        };
        let (answer, ()) = tokio::join!(scene.ask(Peer::Python, "read_twice", payload), write);
        assert_eq!(answer["first"], 1_000);
        assert!(
            answer["error"].as_str().is_some_and(|e| e.contains("40")),
            "{answer}"
        );
    });
}

#[test]
fn message_over_one_mebibyte_ends_a_python_reader() {
    shared(async |scene| {
        let channel = scene.worker.create_channel(None).await.expect("a channel");
        let mut writer = channel.writer;
        let payload = json!({ "readerRef": channel.reader_ref, "pause_ms": 0 });
        let write = async {
            writer.write("before").await.expect("room");
            writer
                .send_message("x".repeat((1 << 20) + 1))
                .await
                .expect("room");
            // More than the channel holds, so that the writer notices that its reader has left.
            loop {
                if let Err(error) = writer.write(vec![0; 65_536]).await {
                    break error;
                }
            }
        };
        let both = async { tokio::join!(scene.ask(Peer::Python, "read", payload), write) };
        let (answer, error) = within_a_minute(both).await;
        assert!(error.is_reader_gone(), "{error}");
        // The SDK reports an end; only a check for the end message detects the loss.
        assert_eq!(answer["error"], Value::Null);
        assert_eq!(answer["bytes"], 6);
        let messages = answer["messages"].to_string();
        assert!(
            messages.contains("metadata") && !messages.contains(r#"\"end\""#),
            "{messages}"
        );
    });
}
