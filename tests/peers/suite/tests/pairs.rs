//! Every writer with every reader, from nothing to 64 MiB: bytes by their hash, messages by their
//! positions. The SDK of the writer creates the channel.

use serde_json::json;

use crate::peer::Peer;
use crate::scene::{Job, Scene, report, shared};

const SIZES: [usize; 7] = [0, 1, 65_535, 65_536, 65_537, 1_000_003, 64 << 20];

async fn writes_to_all(scene: &Scene, writer: Peer) {
    for reader in Peer::ALL {
        for bytes in SIZES {
            let refs = scene.channel(writer).await;
            let (written, answer) = tokio::join!(
                scene.write(writer, &refs, Job::of(bytes)),
                scene.ask(
                    reader,
                    "read",
                    json!({ "readerRef": refs.reader, "pause_ms": 0 })
                ),
            );
            let place = format!("{bytes} bytes from {writer:?} to {reader:?}");
            assert_eq!(answer["error"], json!(null), "{place}");
            assert_eq!(report(&answer), written, "{place}");
            assert_eq!(written.bytes, bytes as u64, "{place}");
            if reader == Peer::Own {
                // A stream of a plain SDK is unverified, and reported as such.
                assert_eq!(answer["verified"], json!(writer == Peer::Own), "{place}");
            }
        }
    }
}

#[test]
fn rust_0_25_writes_to_all() {
    shared(async |scene| writes_to_all(scene, Peer::Rust25).await);
}

#[test]
fn rust_0_26_writes_to_all() {
    shared(async |scene| writes_to_all(scene, Peer::Rust26).await);
}

#[test]
fn python_writes_to_all() {
    shared(async |scene| writes_to_all(scene, Peer::Python).await);
}

#[test]
fn node_writes_to_all() {
    shared(async |scene| writes_to_all(scene, Peer::Node).await);
}

#[test]
fn our_client_writes_to_all() {
    shared(async |scene| writes_to_all(scene, Peer::Own).await);
}
