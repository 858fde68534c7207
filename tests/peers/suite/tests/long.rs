//! Streams of more than a minute, in which an SDK sends its keep-alive three times and disconnects
//! if it gets no answer (`docs/protocol.md` sections 8.3 and 8.9). They run in parallel with the
//! other tests.

use std::time::Duration;

use pipewright::Verdict;

use crate::peer::Peer;
use crate::scene::{Job, shared};

/// Longer than the 20 s after which the Python SDK pings, so that its ping waits for an answer.
const PAUSE: Duration = Duration::from_secs(25);

#[test]
fn reader_gets_every_byte_of_a_long_stream() {
    shared(async |scene| {
        let streams = [Peer::Python, Peer::Node].map(async |reader| {
            let refs = scene.channel(reader).await;
            let drip = Job {
                bytes: 1_300_000,
                piece: 10_000,
                messages: 5,
                pause_ms: 500,
            };
            let (written, read) = tokio::join!(
                scene.write(Peer::Own, &refs, drip),
                scene.read(reader, &refs, 0),
            );
            assert_eq!(read, written, "{reader:?}");
        });
        futures::future::join_all(streams).await;
    });
}

#[test]
fn writer_survives_a_slow_reader() {
    shared(async |scene| {
        let streams = [Peer::Python, Peer::Node].map(async |writer| {
            let refs = scene.channel(writer).await;
            // The engine holds 64 frames, and the sockets some megabytes; the rest has to wait.
            let (written, read) = tokio::join!(
                scene.write(
                    writer,
                    &refs,
                    Job {
                        piece: 65_536,
                        ..Job::of(24 << 20)
                    }
                ),
                scene.read(Peer::Own, &refs, 170),
            );
            assert_eq!(read, written, "{writer:?}");
        });
        futures::future::join_all(streams).await;
    });
}

#[test]
fn slow_reader_gets_every_byte() {
    shared(async |scene| {
        let streams = [Peer::Python, Peer::Node].map(async |reader| {
            let refs = scene.channel(reader).await;
            let (written, read) = tokio::join!(
                scene.write(Peer::Own, &refs, Job::of(24 << 20)),
                scene.read(reader, &refs, 170),
            );
            assert_eq!(read, written, "{reader:?}");
        });
        futures::future::join_all(streams).await;
    });
}

#[test]
fn writer_waits_for_a_reader_that_pauses() {
    shared(async |scene| {
        let streams = [Peer::Python, Peer::Node].map(async |writer| {
            let refs = scene.channel(writer).await;
            let read = async {
                let mut reader = scene.worker.reader(&refs.reader);
                reader.next_frame().await.expect("a first frame");
                tokio::time::sleep(PAUSE).await;
                while let Ok(Some(_)) = reader.next_frame().await {}
                reader.report()
            };
            let (written, report) =
                tokio::join!(scene.write(writer, &refs, Job::of(24 << 20)), read);
            assert!(
                matches!(report.verdict, Some(Verdict::CompleteUnverified)),
                "{writer:?}: {report:?}"
            );
            assert_eq!(report.bytes, written.bytes, "{writer:?}");
        });
        futures::future::join_all(streams).await;
    });
}
