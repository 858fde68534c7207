//! Compressed streams from any writer: the output does not depend on the frames, and a reader never
//! holds too much at once.
//!
//! The first byte selects the algorithm, three more where the stream is cut.

#![no_main]

use cap::Cap;
use libfuzzer_sys::fuzz_target;
use pipewright_fuzz::{run, stream};
use std::alloc::System;

/// A few bytes may decompress to an endless output; only a bounded part of it may be held.
#[global_allocator]
static MEMORY: Cap<System> = Cap::new(System, 64 << 20);

/// Number of decompressed bytes after which the target stops.
const ENOUGH: usize = 1 << 20;

fuzz_target!(|data: &[u8]| {
    let [algorithm, a, b, c, bytes @ ..] = data else {
        return;
    };
    let name = if algorithm % 2 == 0 { "zstd" } else { "lz4" };
    let whole = run(decompressed(name, bytes, &[]));
    let pieces = run(decompressed(name, bytes, &[*a, *b, *c]));
    // From a damaged stream, more or less of the valid data may be returned before the error.
    let both = whole.0.len().min(pieces.0.len());
    let damaged = whole.1 == Some(false);
    assert!(
        whole.0[..both] == pieces.0[..both],
        "what comes out depends on the frames"
    );
    if whole.1.is_some() && pieces.1.is_some() {
        assert_eq!(whole.1, pieces.1, "how it ends depends on the frames");
        assert!(damaged || whole.0.len() == pieces.0.len());
    }
});

/// The output of a stream, and whether the stream was complete.
async fn decompressed(name: &str, bytes: &[u8], lengths: &[u8]) -> (Vec<u8>, Option<bool>) {
    let header =
        format!(r#"{{"type":"metadata","pipewright":1,"format":"bytes","compression":"{name}"}}"#);
    let mut reader = stream(&header, bytes, lengths);
    let mut out = Vec::new();
    while out.len() < ENOUGH {
        match reader.next_bytes().await {
            Ok(Some(bytes)) => out.extend_from_slice(&bytes),
            Ok(None) => return (out, Some(true)),
            Err(_) => return (out, Some(false)),
        }
    }
    out.truncate(ENOUGH);
    (out, None)
}
