#![allow(clippy::unwrap_used)]

use std::error::Error;
use std::io::Write;
use std::process::{Command, Stdio};

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;

use super::{Compression, CompressionError, Compressor, Decompressor};

const ALL: [Compression; 4] = [
    Compression::ZSTD,
    Compression::Zstd { level: 22 },
    Compression::Zstd { level: -5 },
    Compression::Lz4,
];

fn compress(compression: Compression, bytes: &[u8]) -> Bytes {
    let mut compressor = Compressor::new(compression).unwrap();
    let mut out = BytesMut::new();
    compressor.push(bytes, &mut out).unwrap();
    compressor.finish(&mut out).unwrap();
    out.freeze()
}

/// Pushes `input` and takes at most `limit` bytes at a time.
fn pull(
    decompressor: &mut Decompressor,
    input: &[u8],
    limit: usize,
) -> Result<BytesMut, CompressionError> {
    let mut input = Bytes::copy_from_slice(input);
    let mut all = BytesMut::new();
    loop {
        let mut out = BytesMut::new();
        let more = decompressor.push(&mut input, &mut out, limit)?;
        assert!(out.len() <= limit, "{} bytes", out.len());
        all.extend_from_slice(&out);
        if !more {
            assert!(input.is_empty());
            return Ok(all);
        }
    }
}

fn decompress(compression: Compression, bytes: &[u8]) -> Result<BytesMut, CompressionError> {
    let mut decompressor = Decompressor::new(compression.name())?;
    let out = pull(&mut decompressor, bytes, 1000)?;
    decompressor.finish().map(|()| out)
}

/// Bytes that can be compressed, and some that cannot.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(0..4_u8, 0..5000),
        vec(any::<u8>(), 0..5000),
        (any::<u8>(), 0..300_000_usize).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_flushed_is_decodable(parts in vec((bytes(), any::<bool>()), 0..6), piece in 1..5000_usize, limit in 1..70_000_usize) {
        for compression in ALL {
            let mut compressor = Compressor::new(compression).unwrap();
            let mut decompressor = Decompressor::new(compression.name()).unwrap();
            let (mut sent, mut got) = (Vec::new(), Vec::new());
            let mut out = BytesMut::new();
            for (bytes, flush) in &parts {
                compressor.push(bytes, &mut out).unwrap();
                sent.extend_from_slice(bytes);
                if *flush {
                    compressor.flush(&mut out).unwrap();
                    for piece in out.split().chunks(piece) {
                        got.extend(pull(&mut decompressor, piece, limit).unwrap());
                    }
                    prop_assert_eq!(&got, &sent);
                    prop_assert!(decompressor.finish().is_err());
                }
            }
            compressor.finish(&mut out).unwrap();
            for piece in out.chunks(piece) {
                got.extend(pull(&mut decompressor, piece, limit).unwrap());
            }
            prop_assert_eq!(&got, &sent);
            decompressor.finish().unwrap();
        }
    }

    #[test]
    fn damage_is_an_error_or_shorter(bytes in bytes(), at in any::<prop::sample::Index>(), bit in 0..8) {
        for compression in ALL {
            let mut stream = compress(compression, &bytes).to_vec();
            let at = at.index(stream.len());
            stream[at] ^= 1_u8 << bit;
            // Not always detected here (the checksum of the stream does that), but never a panic.
            let _ = decompress(compression, &stream);
        }
    }

    #[test]
    fn anything_may_come(bytes in vec(any::<u8>(), 0..500)) {
        for compression in ALL {
            let _ = decompress(compression, &bytes);
            let start = compress(compression, b"");
            let _ = decompress(compression, &[&start[..start.len() - 4], &bytes].concat());
        }
    }
}

#[test]
fn every_cut_is_noticed() {
    let bytes: Vec<u8> = (0..2000_u32)
        .flat_map(|n| (n * n % 251).to_le_bytes())
        .collect();
    for compression in ALL {
        for bytes in [&bytes[..], b""] {
            let stream = compress(compression, bytes);
            assert_eq!(decompress(compression, &stream).unwrap(), bytes);
            for at in 0..stream.len() {
                let error = decompress(compression, &stream[..at]).unwrap_err();
                assert_eq!(
                    error.to_string(),
                    "the compressed stream ends in the middle"
                );
            }
        }
    }
}

#[test]
fn errors_say_what_is_wrong() {
    for compression in ALL {
        let stream = [&compress(compression, b"abc")[..], b"x"].concat();
        let error = decompress(compression, &stream).unwrap_err();
        assert_eq!(
            error.to_string(),
            "bytes follow the end of the compressed stream"
        );

        let error = decompress(compression, b"{\"a\":1}\n").unwrap_err();
        assert_eq!(error.to_string(), "the compressed stream is damaged");
        let source = error.source().unwrap().to_string();
        assert!(
            ["Unknown frame descriptor", "not an LZ4 frame"].contains(&&source[..]),
            "{source}"
        );
    }
    let error = Decompressor::new("brotli").unwrap_err();
    assert_eq!(error.to_string(), "compression `brotli` is not known here");
}

#[test]
fn a_bomb_goes_off_slowly() {
    let bytes = vec![0; 100 << 20];
    for compression in [Compression::ZSTD, Compression::Lz4] {
        let mut input = compress(compression, &bytes);
        assert!(input.len() < 1 << 20);
        let mut decompressor = Decompressor::new(compression.name()).unwrap();
        let mut total = 0;
        let mut out = BytesMut::new();
        while decompressor.push(&mut input, &mut out, 100_000).unwrap() {
            assert!(out.len() <= 100_000 && out.capacity() < 1 << 20);
            total += out.len();
            out.clear();
        }
        assert_eq!(total + out.len(), bytes.len());
        decompressor.finish().unwrap();
    }
}

#[test]
fn the_memory_that_a_stream_asks_for_is_limited() {
    // A zstd frame whose header requests a window of 1 GiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x01, 0x00, 0x00];
    let error = decompress(Compression::ZSTD, &frame).unwrap_err();
    let source = error.source().unwrap().to_string();
    assert_eq!(source, "Frame requires too much memory for decoding");
}

/// The formats are the standard ones. Skipped, with a message, if the tools are not installed.
#[test]
fn the_tools_of_the_algorithms_read_and_write_the_same() {
    let bytes: Vec<u8> = (0..300_000_u32)
        .flat_map(|n| (n / 7).to_le_bytes())
        .collect();
    for compression in [Compression::ZSTD, Compression::Lz4] {
        let tool = compression.name();
        let Some(unpacked) = run(tool, "-dc", &compress(compression, &bytes)) else {
            eprintln!("passed over: no program `{tool}` here");
            continue;
        };
        assert_eq!(unpacked, bytes);
        let packed = run(tool, "-c", &bytes).unwrap();
        assert_eq!(decompress(compression, &packed).unwrap(), bytes);
    }
}

fn run(tool: &str, option: &str, input: &[u8]) -> Option<Vec<u8>> {
    let mut child = Command::new(tool)
        .arg(option)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success(), "{tool} {option}");
    Some(output.stdout)
}
