//! Items arrive unchanged, in every format and over both transports.

use std::fmt::Debug;

use bytes::Bytes;
#[cfg(feature = "messagepack")]
use pipewright::format::MessagePack;
#[cfg(feature = "postcard")]
use pipewright::format::Postcard;
use pipewright::format::{
    Bincode, Compression, Decode, Encode, Format, Json, Lines, Raw, TokioCodec,
};
use pipewright::{Channel, MAX_FRAME, Sender};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio::runtime::Runtime;
use tokio_util::codec::LengthDelimitedCodec;

use super::raw::drain;
use crate::codec::sample::{Sample, sample};
use crate::support::{House, within};

/// Lengths around the boundaries of frames, and one longer than a channel of 2 frames.
const LENGTHS: [usize; 13] = [
    0,
    1,
    2,
    100,
    MAX_FRAME - 20,
    MAX_FRAME - 2,
    MAX_FRAME - 1,
    MAX_FRAME,
    MAX_FRAME + 1,
    2 * MAX_FRAME - 1,
    2 * MAX_FRAME,
    2 * MAX_FRAME + 1,
    5 * MAX_FRAME,
];

/// Sends items through a channel that holds 2 frames, and receives them.
async fn trip<T, F>(house: &House, items: Vec<T>, compression: Option<Compression>) -> Vec<T>
where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let channel: Channel<T, F> = house.worker.channel(2).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    if let Some(compression) = compression {
        sender = Sender::compressed(sender, compression);
    }
    let count = items.len() as u64;
    let sending = tokio::spawn(async move {
        for item in items {
            sender.send(item).await.unwrap();
        }
        sender.close().await.unwrap();
        sender.report()
    });
    let (got, end) = drain(&mut receiver).await;
    end.unwrap();
    let (sent, received) = (within(sending).await.unwrap(), receiver.report());
    assert!(received.verdict.unwrap().is_verified());
    assert!(sent.verdict.unwrap().is_verified());
    assert_eq!(sent.bytes, received.bytes);
    assert_eq!(sent.items, count);
    if F::KEEPS_ITEMS {
        assert_eq!(received.items, count);
    }
    got
}

async fn arrives<T, F>(house: &House, items: Vec<T>)
where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    for compression in [None, Some(Compression::ZSTD), Some(Compression::Lz4)] {
        let got = trip::<T, F>(house, items.clone(), compression).await;
        assert!(got == items, "{} {compression:?}", F::NAME);
    }
}

struct Scene {
    runtime: Runtime,
    houses: Vec<House>,
}

impl Scene {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let houses = runtime.block_on(House::both());
        Self { runtime, houses }
    }

    /// Sends arbitrary samples through channels.
    fn any_sample<F>(&self)
    where
        F: Format + Encode<Sample> + Decode<Sample>,
    {
        proptest!(ProptestConfig::with_cases(16), |(items in vec(sample(), 0..8))| {
            for house in &self.houses {
                self.runtime.block_on(arrives::<Sample, F>(house, items.clone()));
            }
        });
    }

    /// Sends texts of all lengths through channels, one by one and all together.
    fn lengths<F>(&self)
    where
        F: Encode<String> + Decode<String>,
    {
        let texts: Vec<String> = LENGTHS.iter().map(|len| "x".repeat(*len)).collect();
        for house in &self.houses {
            self.runtime.block_on(async {
                arrives::<String, F>(house, texts.clone()).await;
                for text in &texts {
                    arrives::<String, F>(house, vec![text.clone()]).await;
                }
            });
        }
    }
}

#[test]
fn json() {
    let scene = Scene::new();
    scene.any_sample::<Json>();
    scene.lengths::<Json>();
}

#[test]
fn bincode() {
    let scene = Scene::new();
    scene.any_sample::<Bincode>();
    scene.lengths::<Bincode>();
}

#[cfg(feature = "messagepack")]
#[test]
fn message_pack() {
    let scene = Scene::new();
    scene.any_sample::<MessagePack>();
    scene.lengths::<MessagePack>();
}

#[cfg(feature = "postcard")]
#[test]
fn postcard() {
    let scene = Scene::new();
    scene.any_sample::<Postcard>();
    scene.lengths::<Postcard>();
}

#[test]
fn lines() {
    Scene::new().lengths::<Lines>();
}

#[test]
fn length_delimited() {
    let scene = Scene::new();
    let pieces: Vec<Bytes> = LENGTHS.iter().map(|len| vec![7; *len].into()).collect();
    for house in &scene.houses {
        let arrives = arrives::<Bytes, TokioCodec<LengthDelimitedCodec>>(house, pieces.clone());
        scene.runtime.block_on(arrives);
    }
}

#[test]
fn raw_bytes_arrive_without_their_borders() {
    let scene = Scene::new();
    let pieces: Vec<Bytes> = LENGTHS.iter().map(|len| vec![7; *len].into()).collect();
    for house in &scene.houses {
        for compression in [None, Some(Compression::ZSTD)] {
            let got = trip::<Bytes, Raw>(house, pieces.clone(), compression);
            let got = scene.runtime.block_on(got).concat();
            assert!(got == pieces.concat());
        }
    }
}

#[test]
fn a_stream_of_no_items_is_a_stream() {
    let scene = Scene::new();
    for house in &scene.houses {
        scene
            .runtime
            .block_on(arrives::<String, Json>(house, vec![]));
        scene
            .runtime
            .block_on(arrives::<String, Bincode>(house, vec![]));
    }
}
