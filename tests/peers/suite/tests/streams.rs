//! Streams in time and in number: who starts first, slow peers, both directions at once, several
//! languages in a row, refs deep inside a payload.

use serde_json::json;

use crate::peer::Peer;
use crate::scene::{Job, Refs, Scene, report, shared};

/// The capacity of a channel whose reader has not connected yet; for more, the writer has to wait.
const KEPT: usize = 2_000_003;

#[test]
fn a_writer_may_be_finished_before_its_reader_starts() {
    shared(async |scene| {
        for writer in Peer::ALL {
            for reader in Peer::ALL {
                let refs = scene.channel(reader).await;
                let written = scene.write(writer, &refs, Job::of(KEPT)).await;
                let read = scene.read(reader, &refs, 0).await;
                assert_eq!(read, written, "{writer:?} to {reader:?}");
            }
        }
    });
}

#[test]
fn a_reader_may_wait_for_its_writer() {
    shared(async |scene| {
        for writer in Peer::ALL {
            for reader in Peer::ALL {
                let refs = scene.channel(writer).await;
                let written = async {
                    // The answer follows the call to read, so the reader is running by then.
                    scene.ask(reader, "echo", json!([])).await;
                    scene.write(writer, &refs, Job::of(KEPT)).await
                };
                let (read, written) = tokio::join!(scene.read(reader, &refs, 0), written);
                assert_eq!(read, written, "{writer:?} to {reader:?}");
            }
        }
    });
}

#[test]
fn a_slow_reader_holds_its_writer_back_and_loses_nothing() {
    shared(async |scene| {
        let streams = Peer::ALL
            .into_iter()
            .zip(Peer::ALL.into_iter().cycle().skip(1));
        let streams = streams.map(async |(writer, reader)| {
            let refs = scene.channel(writer).await;
            // Far more than the channel and the sockets hold, so that the writer has to wait.
            let (written, read) = tokio::join!(
                scene.write(writer, &refs, Job::of(24 << 20)),
                scene.read(reader, &refs, 10),
            );
            assert_eq!(read, written, "{writer:?} to {reader:?}");
        });
        futures::future::join_all(streams).await;
    });
}

/// Sends a stream through functions of peers, one after the other, and compares the result.
async fn through(scene: &Scene, stages: &[(Peer, &str)], writer: Peer, reader: Peer) {
    let first = scene.channel(writer).await;
    let (mut last, mut running) = (first.clone(), Vec::new());
    for &(peer, function) in stages {
        let next = scene.channel(peer).await;
        let payload = match function {
            "nested" => json!({ "job": {
                "inputs": [last.reader], "output": { "deep": { "to": next.writer } }
            } }),
            _ => json!({ "readerRef": last.reader, "writerRef": next.writer }),
        };
        running.push(scene.ask(peer, function, payload));
        last = next;
    }
    let read = json!({ "readerRef": last.reader, "pause_ms": 0 });
    let (written, relayed, read) = tokio::join!(
        scene.write(writer, &first, Job::of(8_000_003)),
        futures::future::join_all(running),
        scene.ask(reader, "read", read),
    );
    assert_eq!(read["error"], json!(null), "{stages:?}");
    assert_eq!(report(&read), written, "{stages:?}");
    for answer in &relayed {
        assert_eq!(report(answer), written, "{stages:?}");
    }
    if (writer, reader) == (Peer::Own, Peer::Own) {
        // Header and end are messages, so a stage that forwards messages forwards them, too.
        assert_eq!(read["verified"], json!(true), "{stages:?}");
    }
}

#[test]
fn two_channels_carry_both_directions_at_once() {
    shared(async |scene| {
        for peer in Peer::ALL {
            through(scene, &[(peer, "relay")], Peer::Own, Peer::Own).await;
        }
    });
}

#[test]
fn refs_are_found_deep_inside_a_payload() {
    shared(async |scene| {
        for peer in Peer::ALL {
            through(scene, &[(peer, "nested")], Peer::Own, Peer::Own).await;
        }
    });
}

#[test]
fn stages_of_every_language_stand_behind_each_other() {
    shared(async |scene| {
        let stages = Peer::ALL.map(|peer| (peer, "relay"));
        for end in [Peer::Own, Peer::Python, Peer::Node] {
            through(scene, &stages[..4], end, end).await;
        }
    });
}

#[test]
fn many_channels_at_a_time_do_not_disturb_each_other() {
    shared(async |scene| {
        let streams = (0..60).map(async |number| {
            let writer = Peer::ALL[number % 5];
            let reader = Peer::ALL[number / 5 % 5];
            let refs: Refs = scene.channel(writer).await;
            let (written, read) = tokio::join!(
                scene.write(writer, &refs, Job::of(200_000 + number)),
                scene.read(reader, &refs, 0),
            );
            assert_eq!(read, written, "{writer:?} to {reader:?}");
        });
        futures::future::join_all(streams).await;
    });
}
