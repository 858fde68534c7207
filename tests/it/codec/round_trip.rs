//! Items survive however the stream is cut into pieces, and nothing else is received.

use std::fmt::Debug;

use bytes::{Bytes, BytesMut};
#[cfg(feature = "messagepack")]
use pipewright::format::MessagePack;
#[cfg(feature = "postcard")]
use pipewright::format::Postcard;
use pipewright::format::{Bincode, Decode, Encode, Json, Lines, Raw, TokioCodec};
use proptest::collection::vec;
use proptest::prelude::*;
use tokio_util::codec::{LengthDelimitedCodec, LinesCodec};

use super::pieces::{decode, decode_all, encode};
use super::sample::sample;

/// Sizes around the boundaries of lengths and frames.
const SIZES: [usize; 16] = [
    0, 1, 2, 23, 24, 127, 128, 250, 251, 255, 256, 65_535, 65_536, 65_537, 70_000, 200_000,
];

/// Decodes the same items at once, in two pieces, in many, and byte by byte if there are few.
fn whole<F, T>(items: &[T], cuts: &[prop::sample::Index])
where
    F: Encode<T> + Decode<T>,
    T: Clone + Debug + PartialEq,
{
    let bytes = encode::<F, T>(items);
    assert_eq!(decode_all::<F, T>(&bytes), items);

    let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
    cuts.sort_unstable();
    let mut pieces = Vec::new();
    let mut rest = &bytes[..];
    let mut before = 0;
    for cut in cuts {
        let (piece, after) = rest.split_at(cut - before);
        pieces.push(piece);
        rest = after;
        before = cut;
    }
    pieces.push(rest);
    let (got, end) = decode::<F, T>(&pieces, true);
    assert_eq!((got, end.unwrap()), (items.to_vec(), 0));

    let at = before.min(bytes.len());
    let (got, end) = decode::<F, T>(&[&bytes[..at], &bytes[at..]], true);
    assert_eq!((got, end.unwrap()), (items.to_vec(), 0));

    if bytes.len() < 1000 {
        let pieces: Vec<_> = bytes.chunks(1).collect();
        let (got, end) = decode::<F, T>(&pieces, true);
        assert_eq!((got, end.unwrap()), (items.to_vec(), 0));
    }
}

/// From a truncated stream, only the items before the cut are received.
///
/// The rest of the last item must not be read as an item. Line formats cannot promise that: a
/// truncated number (`12|3`) is a number, and a truncated line is a line. There the end message of
/// the stream reveals it, which the tests of channels cover.
fn cut<F, T>(items: &[T], ambiguous: bool)
where
    F: Encode<T> + Decode<T>,
    T: Clone + Debug + PartialEq,
{
    let bytes = encode::<F, T>(items);
    let borders: Vec<_> = (0..=items.len())
        .map(|n| encode::<F, T>(&items[..n]).len())
        .collect();
    let step = bytes.len() / 800 + 1;
    for at in (0..bytes.len()).step_by(step) {
        let whole = borders.iter().filter(|border| **border <= at).count() - 1;
        for at_end in [false, true] {
            let (got, end) = decode::<F, T>(&[&bytes[..at]], at_end);
            let more = usize::from(at_end && ambiguous);
            assert!(
                got.len() >= whole && got.len() <= whole + more,
                "cut at {at}"
            );
            assert_eq!(&got[..whole], &items[..whole], "cut at {at}");
            if got.len() == whole && at_end && at != borders[whole] {
                let left = end.as_ref().map_or(1, |left| *left);
                assert!(left > 0 || ambiguous, "cut at {at} and not noticed");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn json(items in vec(sample(), 0..5), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        whole::<Json, _>(&items, &cuts);
        cut::<Json, _>(&items, true);
    }

    #[test]
    fn bincode(items in vec(sample(), 0..5), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        whole::<Bincode, _>(&items, &cuts);
        cut::<Bincode, _>(&items, false);
    }

    #[cfg(feature = "postcard")]
    #[test]
    fn postcard(items in vec(sample(), 0..5), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        whole::<Postcard, _>(&items, &cuts);
        cut::<Postcard, _>(&items, false);
    }

    #[cfg(feature = "messagepack")]
    #[test]
    fn messagepack(items in vec(sample(), 0..5), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        whole::<MessagePack, _>(&items, &cuts);
        cut::<MessagePack, _>(&items, false);
    }

    #[test]
    fn lines(items in vec("[^\r\n]*", 0..9), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        whole::<Lines, _>(&items, &cuts);
        cut::<Lines, _>(&items, true);
        // The bytes are the same.
        prop_assert_eq!(encode::<Lines, _>(&items), encode::<TokioCodec<LinesCodec>, _>(&items));
        whole::<TokioCodec<LinesCodec>, _>(&items, &cuts);
    }

    #[test]
    fn pieces_of_bytes(items in vec(vec(any::<u8>(), 0..300), 0..9), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        let items: Vec<Bytes> = items.into_iter().map(Bytes::from).collect();
        whole::<TokioCodec<LengthDelimitedCodec>, Bytes>(&items, &cuts);
        cut::<TokioCodec<LengthDelimitedCodec>, Bytes>(&items, true);
    }

    #[test]
    fn raw(bytes in vec(any::<u8>(), 0..2000), cuts in vec(any::<prop::sample::Index>(), 0..8)) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<_> = cuts.windows(2).map(|cut| &bytes[cut[0]..cut[1]]).collect();
        let (got, end) = decode::<Raw, Bytes>(&pieces, true);
        prop_assert_eq!(end.unwrap(), 0);
        prop_assert_eq!(got.concat(), bytes);
    }
}

#[test]
fn sizes_around_borders() {
    fn check<F: Encode<String> + Decode<String> + Encode<Vec<u8>> + Decode<Vec<u8>>>() {
        for size in SIZES {
            // Two bytes per character, with an odd one before, so that cuts fall inside characters.
            let text = format!("{}{}", &"x"[..size % 2], "é".repeat(size / 2));
            let texts = [String::new(), text, "after".to_owned()];
            whole::<F, String>(&texts, &[]);
            whole::<F, Vec<u8>>(&[vec![7; size], vec![]], &[]);
            let bytes = encode::<F, String>(&texts);
            for at in [1, 4, 5, size, size + 1, bytes.len() - 1] {
                let at = at.min(bytes.len());
                let (got, end) = decode::<F, String>(&[&bytes[..at], &bytes[at..]], true);
                assert_eq!((&got[..], end.unwrap()), (&texts[..], 0), "cut at {at}");
            }
        }
    }
    check::<Json>();
    check::<Bincode>();
    #[cfg(feature = "postcard")]
    check::<Postcard>();
    #[cfg(feature = "messagepack")]
    check::<MessagePack>();

    for size in SIZES {
        whole::<Lines, _>(&["é".repeat(size), String::new(), "x".repeat(size)], &[]);
        whole::<TokioCodec<LengthDelimitedCodec>, _>(&[Bytes::from(vec![1; size])], &[]);
    }
}

#[test]
fn items_without_content() {
    fn check<F: Encode<()> + Decode<()> + Encode<Option<Vec<()>>> + Decode<Option<Vec<()>>>>() {
        whole::<F, ()>(&[(), ()], &[]);
        whole::<F, Option<Vec<()>>>(&[None, Some(vec![]), Some(vec![(); 300])], &[]);
        assert_eq!(encode::<F, ()>(&[]), BytesMut::new());
    }
    check::<Json>();
    check::<Bincode>();
    #[cfg(feature = "postcard")]
    check::<Postcard>();
    #[cfg(feature = "messagepack")]
    check::<MessagePack>();
}
