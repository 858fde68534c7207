use std::io::{self, Read, Write};

use bytes::buf::{Reader, Writer};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use super::compression::{Compress, Decompress};

/// LZ4 with the crate `lz4_flex`: maintained, pure Rust, and without unsafe code in the features
/// used here. The crate lz4 binds the C library and needs a C compiler.
pub(super) struct Lz4Compressor {
    encoder: FrameEncoder<Writer<BytesMut>>,
}

impl Lz4Compressor {
    pub(super) fn new() -> Self {
        let info = FrameInfo::new()
            .block_size(BlockSize::Max64KB)
            // A flush ends a block. Linked blocks can refer to the data of earlier blocks.
            .block_mode(BlockMode::Linked)
            .content_checksum(true);
        Self {
            encoder: FrameEncoder::with_frame_info(info, BytesMut::new().writer()),
        }
    }

    fn give(&mut self, out: &mut BytesMut) {
        let ready = self.encoder.get_mut().get_mut();
        out.extend_from_slice(ready);
        ready.clear();
    }
}

impl Compress for Lz4Compressor {
    fn push(&mut self, bytes: &[u8], out: &mut BytesMut) -> io::Result<()> {
        self.encoder.write_all(bytes)?;
        self.give(out);
        Ok(())
    }

    fn flush(&mut self, out: &mut BytesMut) -> io::Result<()> {
        self.encoder.flush()?;
        self.give(out);
        Ok(())
    }

    fn finish(&mut self, out: &mut BytesMut) -> io::Result<()> {
        self.encoder.try_finish()?;
        self.give(out);
        Ok(())
    }
}

/// The decoder of the crate reads from a blocking stream and loses its position if the stream ends
/// early. Bytes are therefore collected until one part of the frame is complete: its header, a
/// block, or its end. No part exceeds 4 MiB, the largest block in the format.
pub(super) struct Lz4Decompressor {
    decoder: FrameDecoder<Reader<BytesMut>>,
    /// The beginning of the next part.
    held: BytesMut,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Header,
    Blocks {
        max_len: usize,
        block_checksums: bool,
        content_checksum: bool,
    },
    /// The last part was passed to the decoder, which may still have output.
    Last,
    Ended,
}

// The bits of a frame's descriptor (LZ4 Frame Format 1.6.4, "Frame Descriptor").
const MAGIC: u32 = 0x184d_2204;
const BLOCK_CHECKSUMS: u8 = 0x10;
const CONTENT_SIZE: u8 = 0x08;
const CONTENT_CHECKSUM: u8 = 0x04;
const DICTIONARY: u8 = 0x01;
const UNCOMPRESSED: u32 = 1 << 31;

impl Lz4Decompressor {
    pub(super) fn new() -> Self {
        Self {
            decoder: FrameDecoder::new(BytesMut::new().reader()),
            held: BytesMut::new(),
            state: State::Header,
        }
    }

    /// Passes the next part to the decoder. Returns `false` if the part is incomplete.
    fn feed(&mut self, input: &mut Bytes) -> io::Result<bool> {
        loop {
            let missing = self.part_len()? - self.held.len();
            if missing == 0 {
                break;
            }
            if input.is_empty() {
                return Ok(false);
            }
            self.held
                .extend_from_slice(&input.split_to(missing.min(input.len())));
        }
        self.state = match self.state {
            State::Header => State::Blocks {
                max_len: max_block_len(self.held[5])?,
                block_checksums: self.held[4] & BLOCK_CHECKSUMS != 0,
                content_checksum: self.held[4] & CONTENT_CHECKSUM != 0,
            },
            State::Blocks { .. } if block_word(&self.held) == 0 => State::Last,
            state => state,
        };
        let part = self.held.split();
        self.decoder.get_mut().get_mut().unsplit(part);
        Ok(true)
    }

    /// The length of the part that is being collected, or a lower bound: the number of bytes needed
    /// to know more.
    fn part_len(&self) -> io::Result<usize> {
        let held = &self.held[..];
        Ok(match self.state {
            State::Header if held.len() < 6 => 6,
            State::Header => {
                if block_word(held) != MAGIC {
                    return Err(damaged("not an LZ4 frame"));
                }
                let content_size = 8 * usize::from(held[4] & CONTENT_SIZE != 0);
                let dictionary = 4 * usize::from(held[4] & DICTIONARY != 0);
                7 + content_size + dictionary
            }
            State::Blocks { .. } if held.len() < 4 => 4,
            State::Blocks {
                max_len,
                block_checksums,
                content_checksum,
            } => match block_word(held) {
                0 => 4 + 4 * usize::from(content_checksum),
                word => {
                    let len = (word & !UNCOMPRESSED) as usize;
                    if len > max_len {
                        return Err(damaged("an LZ4 block is longer than its frame allows"));
                    }
                    4 + len + 4 * usize::from(block_checksums)
                }
            },
            State::Last | State::Ended => held.len(),
        })
    }
}

impl Decompress for Lz4Decompressor {
    fn push(&mut self, input: &mut Bytes, out: &mut BytesMut, limit: usize) -> io::Result<()> {
        let end = out.len() + limit;
        loop {
            while out.len() < end {
                // The size of the blocks that we write.
                let start = out.len();
                out.resize(end.min(start + (64 << 10)), 0);
                let result = self.decoder.read(&mut out[start..]);
                out.truncate(start + result.as_ref().map_or(0, |len| *len));
                if result? == 0 {
                    break;
                }
            }
            if out.len() == end {
                return Ok(());
            }
            match self.state {
                State::Last => self.state = State::Ended,
                State::Ended => return Ok(()),
                State::Header | State::Blocks { .. } => {
                    if !self.feed(input)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }
}

/// The first four bytes; the caller guarantees that they exist.
fn block_word(held: &[u8]) -> u32 {
    held.first_chunk()
        .map_or(0, |word| u32::from_le_bytes(*word))
}

fn max_block_len(descriptor: u8) -> io::Result<usize> {
    match descriptor >> 4 & 7 {
        4 => Ok(64 << 10),
        5 => Ok(256 << 10),
        6 => Ok(1 << 20),
        7 => Ok(4 << 20),
        _ => Err(damaged("an LZ4 frame has blocks of no known length")),
    }
}

fn damaged(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}
