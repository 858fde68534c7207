//! Workers and engines that stop and return.

use pipewright::{CallError, Engine};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use crate::agent::Agent;
use crate::peer::Peer;
use crate::scene::{Job, Scene, alone, shared, within_a_minute};
use crate::test_engine::TestEngine;
use crate::tests::ends::failure;

#[test]
fn a_worker_that_comes_back_serves_its_functions_again() {
    shared(async |scene| {
        for peer in Peer::SDKS {
            let url = scene.engine.url();
            let first = Agent::start(&scene.worker, url, peer).await;
            let echo = format!("peer::{}::echo", first.name());
            let hold = format!("peer::{}::hold", first.name());
            let refs = scene.channel(peer).await;
            let job = Job::of(10).payload("writerRef", &refs.writer);
            let in_flight = scene.worker.call::<Value>(hold, &job);
            let kill = async {
                // When this call is answered, the call before it has reached the worker.
                let echoed = scene.worker.call::<Value>(&echo, &json!([1])).await;
                assert_eq!(echoed.expect("it runs"), json!([1]));
                first.kill().await
            };
            let (lost, name) = within_a_minute(async { tokio::join!(in_flight, kill) }).await;
            let lost = lost.expect_err("its worker is gone");
            assert!(
                matches!(lost, CallError::Stopped { .. }),
                "{peer:?}: {lost}"
            );
            let gone = scene.worker.call::<Value>(&echo, &json!([])).await;
            assert!(gone.expect_err("gone").is_not_found(), "{peer:?}");

            let second = Agent::start_as(&scene.worker, url, peer, name).await;
            let echoed = scene.worker.call::<Value>(&echo, &json!([2])).await;
            assert_eq!(echoed.expect("it is back"), json!([2]), "{peer:?}");
            second.kill().await;
        }
    });
}

#[test]
fn workers_return_to_a_restarted_engine_and_losses_are_reported() {
    alone(async || {
        let why = "only our engine can be restarted by the suite";
        let Some(engine) = TestEngine::ours(Engine::builder(), why).await else {
            return;
        };
        let scene = Scene::start(engine, &Peer::SDKS).await;
        let engine = scene.engine.handle(why).expect("ours");
        let (_, listen) = scene.engine.url().split_once("//").expect("a URL");

        // One stream per language is in flight when the engine stops.
        let under_way = Barrier::new(Peer::SDKS.len() + 1);
        let streams = Peer::SDKS.map(|peer| interrupted(&scene, peer, &under_way));
        let restart = async {
            under_way.wait().await;
            engine.shutdown().await;
            Engine::builder()
                .listen(listen.trim_end_matches('/'))
                .start()
                .await
        };
        let (_, restarted) = tokio::join!(futures::future::join_all(streams), restart);
        let _restarted = restarted.expect("the port is free again");

        for peer in Peer::SDKS {
            let back = async {
                loop {
                    match scene.call(peer, "echo", json!(["again"])).await {
                        Ok(echoed) => return echoed,
                        Err(error) if error.is_not_found() || error.is_disconnected() => {
                            tokio::task::yield_now().await;
                        }
                        Err(error) => panic!("{peer:?}: {error}"),
                    }
                }
            };
            assert_eq!(within_a_minute(back).await, json!(["again"]), "{peer:?}");
            let refs = scene.channel(peer).await;
            let (written, read) = tokio::join!(
                scene.write(peer, &refs, Job::of(1_000_000)),
                scene.read(peer, &refs, 0),
            );
            assert_eq!(read, written, "{peer:?}");
        }
    });
}

/// A stream that is long enough for the engine to stop in its middle. The reader finds it
/// truncated, and the caller of the writer is notified that its call was lost.
async fn interrupted(scene: &Scene, peer: Peer, under_way: &Barrier) {
    let refs = scene.channel(peer).await;
    let endless = Job {
        piece: 1_000,
        pause_ms: 5,
        ..Job::of(100_000_000)
    };
    let payload = endless.payload("writerRef", &refs.writer);
    let read = async {
        let mut reader = scene.worker.reader(&refs.reader);
        reader.next_bytes().await.expect("it began");
        under_way.wait().await;
        while let Ok(Some(_)) = reader.next_bytes().await {}
        reader.report()
    };
    let (written, report) = tokio::join!(scene.call(peer, "write", payload), read);
    let error = failure(&report);
    assert!(error.is_truncated(), "{peer:?}: {error}");
    let error = written.expect_err("the engine is gone");
    assert!(error.is_disconnected(), "{peer:?}: {error}");
}
