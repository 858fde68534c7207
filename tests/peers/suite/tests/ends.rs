//! Streams that do not end successfully: every loss is detected, and channels are freed.

use std::time::Duration;

use pipewright::{ConnectError, Engine, ReadError, StreamReport, Verdict, WriteError};
use serde_json::json;

use crate::agent::Agent;
use crate::peer::Peer;
use crate::scene::{Job, Refs, Scene, alone, shared, within_a_minute};
use crate::test_engine::TestEngine;

/// How a stream failed.
pub(crate) fn failure(report: &StreamReport) -> &ReadError {
    match &report.verdict {
        Some(Verdict::Failed(error)) => error,
        other => panic!("not a failure: {other:?}"),
    }
}

/// Starts a separate process that writes and then holds the stream open, and ends the process.
async fn lose_a_writer(scene: &Scene, peer: Peer, refs: &Refs, bytes: usize) {
    let agent = Agent::start(&scene.worker, scene.engine.url(), peer).await;
    let job = Job::of(bytes).payload("writerRef", &refs.writer);
    let function = format!("peer::{}::hold", agent.name());
    let (told, heard) = tokio::sync::oneshot::channel();
    let mut told = Some(told);
    let mut reader = scene.worker.reader(&refs.reader);
    reader.on_message(move |text| {
        if text == "held"
            && let Some(told) = told.take()
        {
            // After a failed test, no one waits any more.
            let _ = told.send(());
        }
    });
    scene
        .worker
        .trigger(function, &job)
        .void()
        .await
        .expect("called");
    let read = async { while let Ok(Some(_)) = reader.next_frame().await {} };
    let kill = async {
        within_a_minute(heard).await.expect("it wrote");
        agent.kill().await;
    };
    tokio::join!(within_a_minute(read), kill);
    let report = reader.report();
    let error = failure(&report);
    assert!(error.is_truncated(), "{peer:?}: {error}");
    assert!(error.to_string().contains("1011"), "{peer:?}: {error}");
    assert_eq!(report.bytes, bytes as u64, "{peer:?}");
}

#[test]
fn a_writer_whose_process_ends_leaves_a_truncated_stream() {
    shared(async |scene| {
        for peer in Peer::SDKS {
            let refs = scene.channel(peer).await;
            lose_a_writer(scene, peer, &refs, 300_000).await;
        }
    });
}

#[test]
fn our_writer_that_gives_up_is_seen_by_every_sdk() {
    shared(async |scene| {
        for peer in Peer::SDKS {
            let channel = scene.worker.create_channel(None).await.expect("a channel");
            let mut writer = channel.writer;
            let payload = json!({ "readerRef": channel.reader_ref, "pause_ms": 0 });
            let read = scene.ask(peer, "read", payload);
            let write = async {
                writer.write("a part").await.expect("room");
                writer.flush().await.expect("connected");
                drop(writer);
            };
            let (answer, ()) = tokio::join!(read, write);
            // An SDK need not understand the message, but it is the last one that it receives.
            let messages = answer["messages"].as_array().expect("messages");
            let last = messages.last().expect("one")[1].as_str().expect("a text");
            assert!(last.contains(r#""type":"error""#), "{peer:?}: {last}");
            assert!(last.contains("writer_dropped"), "{peer:?}: {last}");
        }
    });
}

#[test]
fn a_reader_that_leaves_is_told_to_our_writer() {
    shared(async |scene| {
        for peer in Peer::SDKS {
            let channel = scene.worker.create_channel(None).await.expect("a channel");
            let mut writer = channel.writer;
            let read = scene.ask(
                peer,
                "leave_early",
                json!({ "readerRef": channel.reader_ref }),
            );
            let write = async {
                loop {
                    if let Err(error) = writer.write(vec![0; 65_536]).await {
                        break error;
                    }
                }
            };
            let (_, error) = within_a_minute(async { tokio::join!(read, write) }).await;
            assert!(matches!(error, WriteError::ReaderGone), "{peer:?}: {error}");
        }
    });
}

#[test]
fn end_opened_before_is_refused() {
    shared(async |scene| {
        let why = "an iii engine lets a second reader in and closes at once, as if the stream \
                   were empty";
        if scene.engine.handle(why).is_none() {
            return;
        }
        for peer in Peer::ALL {
            let refs = scene.channel(peer).await;
            let mut first = scene.worker.reader(&refs.reader);
            let mut writer = scene.worker.writer(&refs.writer);
            writer.write("data").await.expect("room");
            writer.flush().await.expect("connected");
            first.next_bytes().await.expect("it arrives");
            let mut second = scene.worker.reader(&refs.reader);
            let error = second.next_bytes().await.expect_err("taken");
            let ReadError::Connect(error) = error else {
                panic!("{error}");
            };
            assert!(
                matches!(*error, ConnectError::AlreadyOpened { .. }),
                "{error}"
            );
        }
    });
}

#[test]
fn finished_channels_are_freed() {
    alone(async || {
        let why = "what an engine holds can be asked of ours only";
        let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
            return;
        };
        let scene = Scene::start(engine, &Peer::SDKS).await;
        for writer in Peer::ALL {
            for reader in Peer::ALL {
                let refs = scene.channel(writer).await;
                tokio::join!(
                    scene.write(writer, &refs, Job::of(100_000)),
                    scene.read(reader, &refs, 0),
                );
            }
        }
        let engine = scene.engine.handle(why).expect("ours");
        let freed = async {
            while engine.stats().channels > 0 {
                tokio::task::yield_now().await;
            }
        };
        within_a_minute(freed).await;
        assert_eq!(engine.stats().buffered_bytes, 0);
    });
}

/// The same fault in every SDK: closing an unused writer does nothing.
#[test]
fn reader_without_a_writer_gets_an_error() {
    alone(async || {
        let why = "the time that an engine waits can be set on ours only";
        let ttl = Engine::builder().channel_ttl(Duration::from_secs(1));
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

/// The engine notifies every reader; not every SDK reports it (`docs/protocol.md` section 4.5).
#[test]
fn lost_writer_is_an_error_by_its_close_code() {
    shared(async |scene| {
        for (peer, listens) in [
            (Peer::Rust26, true),
            (Peer::Rust25, false),
            (Peer::Python, false),
            (Peer::Node, false),
        ] {
            let refs = scene.channel(peer).await;
            let write = json!({ "writerRef": refs.writer, "bytes": 1_000 });
            let read = json!({ "readerRef": refs.reader, "pause_ms": 0 });
            let (_, read) = tokio::join!(
                scene.ask(Peer::Rust25, "destroy", write),
                scene.ask(peer, "read", read),
            );
            assert_eq!(read["bytes"], 1_000, "{peer:?}");
            let error = read["error"].as_str();
            let told = error.is_some_and(|error| error.contains("1011"));
            assert_eq!(told, listens, "{peer:?}: {error:?}");
        }
    });
}
