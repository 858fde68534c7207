use std::io;

use bytes::{Buf, Bytes, BytesMut};
use zstd::stream::raw::{CParameter, DParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use super::compression::{Compress, Decompress};

/// Output to request from the library at a time: half a frame of the channel.
const CHUNK: usize = 32 << 10;

/// Logarithm of the memory that a stream may require of its reader: 8 MiB, which RFC 8878 section
/// 3.1.1.1.2 recommends every reader to support. Levels up to 19 need no more; the library would
/// accept 128 MiB.
const WINDOW_LOG: u32 = 23;

/// Zstandard with the crate zstd, a maintained binding to the reference implementation, which needs
/// a C compiler. ruzstd, in pure Rust, does not implement all levels of the encoder.
pub(super) struct ZstdCompressor {
    encoder: Encoder<'static>,
}

impl ZstdCompressor {
    pub(super) fn new(level: i32) -> io::Result<Self> {
        let mut encoder = Encoder::new(level)?;
        if level > 19 {
            encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
        }
        Ok(Self { encoder })
    }

    /// Repeats a step, which returns the number of remaining bytes, until none remain.
    fn drain(
        &mut self,
        out: &mut BytesMut,
        step: impl Fn(&mut Encoder<'static>, &mut OutBuffer<'_, [u8]>) -> io::Result<usize>,
    ) -> io::Result<()> {
        while append(out, CHUNK, |chunk| step(&mut self.encoder, chunk))?.1 > 0 {}
        Ok(())
    }
}

impl Compress for ZstdCompressor {
    fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> io::Result<()> {
        let mut input = InBuffer::around(bytes);
        while input.pos() < bytes.len() {
            append(out, CHUNK, |chunk| self.encoder.run(&mut input, chunk))?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut BytesMut) -> io::Result<()> {
        self.drain(out, Encoder::flush)
    }

    fn finish(&mut self, out: &mut BytesMut) -> io::Result<()> {
        self.drain(out, |encoder, chunk| encoder.finish(chunk, true))
    }
}

pub(super) struct ZstdDecompressor {
    decoder: Decoder<'static>,
    ended: bool,
}

impl ZstdDecompressor {
    pub(super) fn new() -> io::Result<Self> {
        let mut decoder = Decoder::new()?;
        decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG))?;
        Ok(Self {
            decoder,
            ended: false,
        })
    }
}

impl Decompress for ZstdDecompressor {
    fn push(&mut self, input: &mut Bytes, out: &mut BytesMut, limit: usize) -> io::Result<()> {
        let mut left = limit;
        while left > 0 && !self.ended {
            let mut bytes = InBuffer::around(input);
            let len = left.min(CHUNK);
            let (written, hint) = append(out, len, |chunk| self.decoder.run(&mut bytes, chunk))?;
            let read = bytes.pos();
            input.advance(read);
            left -= written;
            // A hint of 0 marks the end of the frame (`ZSTD_decompressStream`).
            self.ended = hint == 0;
            if input.is_empty() && written < len {
                break;
            }
        }
        Ok(())
    }

    fn has_ended(&self) -> bool {
        self.ended
    }
}

/// Appends at most `len` bytes with one step of the library. Returns the number of bytes and the
/// step's result.
fn append(
    out: &mut BytesMut,
    len: usize,
    step: impl FnOnce(&mut OutBuffer<'_, [u8]>) -> io::Result<usize>,
) -> io::Result<(usize, usize)> {
    let start = out.len();
    out.resize(start + len, 0);
    let mut chunk = OutBuffer::around(&mut out[start..]);
    let result = step(&mut chunk);
    let written = chunk.pos();
    out.truncate(start + written);
    result.map(|said| (written, said))
}
