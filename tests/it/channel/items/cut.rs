//! A truncated stream never looks complete, wherever it is cut and however it ends.

use std::fmt::Debug;

use bytes::Bytes;
#[cfg(feature = "messagepack")]
use pipewright::format::MessagePack;
#[cfg(feature = "postcard")]
use pipewright::format::Postcard;
use pipewright::format::{Bincode, Decode, Encode, Json, Lines, Raw, TokioCodec};
use tokio_tungstenite::tungstenite::Message;
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec};

use super::raw::{Ending, drain, frames_of, payload, written};
use crate::support::House;

type Pair = (u32, String);

fn small() -> Vec<Pair> {
    vec![(1, "one".into()), (70_000, String::new()), (3, "é".into())]
}

fn large() -> Vec<Pair> {
    (0..40)
        .map(|n| (n, "x".repeat(7000 * n as usize % 150_000)))
        .collect()
}

fn text(items: Vec<Pair>) -> Vec<String> {
    items.into_iter().map(|(_, text)| text).collect()
}

fn bytes(items: Vec<Pair>) -> Vec<Bytes> {
    text(items).into_iter().map(Bytes::from).collect()
}

/// Cuts at these positions of the payload, in every way that a stream can end too early.
async fn cut_at<T, F>(items: &[T], whole: &[Message], places: impl IntoIterator<Item = usize>)
where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let house = House::new().await;
    let bytes = payload(whole);
    let (header, end) = (&whole[0], &whole[whole.len() - 1]);
    for place in places {
        let mut frames = vec![header.clone()];
        let pieces = bytes[..place].chunks(65_536);
        frames.extend(pieces.map(|piece| Message::binary(piece.to_vec())));
        for ending in [Ending::Close(Some(1000)), Ending::Close(None), Ending::Loss] {
            no_end::<T, F>(&house, items, frames.clone(), ending, place).await;
        }
        if place < bytes.len() {
            frames.push(end.clone());
            no_end::<T, F>(&house, items, frames, Ending::Close(Some(1000)), place).await;
        }
    }
}

async fn no_end<T, F>(
    house: &House,
    items: &[T],
    frames: Vec<Message>,
    ending: Ending,
    place: usize,
) where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let what = format!("{} cut at {place}, {ending:?}", F::NAME);
    let mut receiver = written::<T, F>(house, frames, ending).await;
    let (got, end) = drain(&mut receiver).await;
    let error = end.expect_err(&what);
    assert!(error.is_truncated(), "{what}: {error}");
    // The error is returned on every call, and nothing follows it.
    assert!(receiver.recv().await.is_err(), "{what}");
    let verdict = receiver.report().verdict.expect(&what);
    assert!(!verdict.is_complete(), "{what}: {verdict:?}");
    if F::KEEPS_ITEMS {
        assert_eq!(got, items[..got.len()], "{what}");
    }
}

async fn cut_small<T, F>(items: Vec<T>)
where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let house = House::new().await;
    let whole = frames_of::<T, F>(&house, items.clone()).await;
    let len = payload(&whole).len();
    cut_at::<T, F>(&items, &whole, 0..=len).await;
    // With their end message, the same frames are a complete stream.
    let mut receiver = written::<T, F>(&house, whole, Ending::Close(Some(1000))).await;
    assert!(drain(&mut receiver).await.1.is_ok());
    assert!(receiver.report().verdict.unwrap().is_verified());
}

async fn cut_large<T, F>(items: Vec<T>)
where
    T: Clone + Debug + PartialEq + Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let house = House::new().await;
    let whole = frames_of::<T, F>(&house, items.clone()).await;
    let len = payload(&whole).len();
    let mut random = fastrand::Rng::with_seed(3);
    let mut places: Vec<_> = (0..6).map(|_| random.usize(..len)).collect();
    places.extend([65_536, len - 1, len]);
    cut_at::<T, F>(&items, &whole, places).await;
}

#[tokio::test]
async fn json() {
    cut_small::<Pair, Json>(small()).await;
    cut_large::<Pair, Json>(large()).await;
}

#[tokio::test]
async fn bincode() {
    cut_small::<Pair, Bincode>(small()).await;
    cut_large::<Pair, Bincode>(large()).await;
}

#[cfg(feature = "messagepack")]
#[tokio::test]
async fn message_pack() {
    cut_small::<Pair, MessagePack>(small()).await;
    cut_large::<Pair, MessagePack>(large()).await;
}

#[cfg(feature = "postcard")]
#[tokio::test]
async fn postcard() {
    cut_small::<Pair, Postcard>(small()).await;
    cut_large::<Pair, Postcard>(large()).await;
}

#[tokio::test]
async fn lines() {
    cut_small::<String, Lines>(text(small())).await;
    cut_large::<String, Lines>(text(large())).await;
    cut_small::<String, TokioCodec<LinesCodec>>(text(small())).await;
}

#[tokio::test]
async fn raw_bytes() {
    cut_small::<Bytes, Raw>(bytes(small())).await;
    cut_large::<Bytes, Raw>(bytes(large())).await;
}

#[tokio::test]
async fn length_delimited() {
    cut_small::<Bytes, TokioCodec<LengthDelimitedCodec>>(bytes(small())).await;
    cut_large::<Bytes, TokioCodec<LengthDelimitedCodec>>(bytes(large())).await;
}
