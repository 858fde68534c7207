use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use super::compressor::StreamCompressor;
use super::partial_item::PartialItem;
use super::short_abort::short_abort;
use crate::channel::stats::totals::Totals;
use crate::channel::{MessageQueue, QueuedMessage, StreamMetadata, WriteError};
use crate::codec::Compression;
use crate::wire::{Abort, Frame, Header, InBand, MAX_FRAME, Text};

/// Maximum length of a message, the limit of engines for one frame (`docs/protocol.md` section
/// 4.2).
const MAX_MESSAGE: usize = 16 << 20;

/// Room beyond a full frame for an item that does not fit. A longer item forces the buffer to grow.
const OVERHANG: usize = 4 << 10;

/// The header of a stream, which is sent as the first frame.
enum Head {
    /// Can be changed until the first use.
    Draft(Box<Header>),
    /// Final, but not queued yet.
    Final(Text),
    /// Queued, or omitted by a plain writer.
    Gone,
}

/// Splits written data into frames, in order, and counts it.
pub(crate) struct Packer {
    head: Head,
    /// The metadata for the header, unless the user sets other metadata.
    forwarded: Option<StreamMetadata>,
    /// Whether header, end message and other in-band messages are omitted.
    plain: bool,
    /// The current frame, shorter than [`MAX_FRAME`].
    tail: BytesMut,
    /// Frames before the tail. Bounded by what one call accepts, because the outbox accepts no more
    /// until it is empty.
    frames: VecDeque<Frame>,
    totals: Totals,
    messages: u64,
    /// Messages from other sources that are sent with the data.
    message_queue: Option<MessageQueue>,
    /// Compresses data before it is split into frames.
    compression: Option<StreamCompressor>,
    /// The error of the compression; the stream cannot continue.
    failure: Option<WriteError>,
}

impl Packer {
    pub(super) fn new() -> Self {
        Self {
            head: Head::Draft(Box::new(Header::new(Header::BYTES))),
            forwarded: None,
            plain: false,
            tail: BytesMut::new(),
            frames: VecDeque::new(),
            totals: Totals::default(),
            messages: 0,
            message_queue: None,
            compression: None,
            failure: None,
        }
    }

    /// Compresses the stream and names the algorithm in the header. Not possible in a plain stream.
    pub(crate) fn compress(&mut self, compression: Compression) {
        let Some(header) = self.header_mut() else {
            return;
        };
        header.compression = Some(compression.name().to_owned());
        match StreamCompressor::new(compression) {
            Ok(compressor) => self.compression = Some(compressor),
            Err(error) => self.failure = Some(error),
        }
    }

    pub(super) fn set_plain(&mut self) {
        self.plain = true;
        self.head = Head::Gone;
        self.compression = None;
    }

    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    pub(super) fn set_aside(&mut self, message_queue: MessageQueue) {
        self.message_queue = Some(message_queue);
    }

    pub(crate) fn message_queue(&self) -> Option<&MessageQueue> {
        self.message_queue.as_ref()
    }

    /// Puts the user's own metadata into the header, until the first use.
    pub(crate) fn set_content(&mut self, content: Value) {
        if let Some(header) = self.header_mut() {
            header.content = Some(content);
        }
    }

    /// Puts the known part of another stream's metadata into the header when the header is created.
    pub(crate) fn forward(&mut self, metadata: StreamMetadata) {
        self.forwarded = Some(metadata);
    }

    /// Whether the stream has not been used.
    pub(crate) fn is_draft(&self) -> bool {
        matches!(self.head, Head::Draft(_))
    }

    /// The header, until the first use.
    pub(super) fn header_mut(&mut self) -> Option<&mut Header> {
        match &mut self.head {
            Head::Draft(header) => Some(header),
            Head::Final(_) | Head::Gone => None,
        }
    }

    /// Makes the header final, unless metadata to be forwarded may still arrive.
    ///
    /// # Errors
    ///
    /// Fails if the header is too long or the compression failed. A short header is kept for the
    /// abort that notifies the reader.
    pub(super) fn prepare(&mut self) -> Result<(), WriteError> {
        let waits = self.forwarded.as_ref().is_some_and(|one| !one.is_known());
        let has_content = self
            .header_mut()
            .is_some_and(|header| header.content.is_some());
        if has_content || !waits {
            self.make_final();
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    fn make_final(&mut self) {
        let Head::Draft(header) = &mut self.head else {
            return;
        };
        if header.content.is_none() {
            let forwarded = self.forwarded.as_ref();
            header.content = forwarded.and_then(StreamMetadata::get).cloned();
        }
        let mut text = InBand::Header(Header::clone(header)).encode();
        if text.len() > MAX_MESSAGE {
            let size = text.len();
            let limit = MAX_MESSAGE;
            self.failure = Some(WriteError::MetadataTooLong { size, limit });
            header.content = None;
            text = InBand::Header(Header::clone(header)).encode();
        }
        self.head = Head::Final(text);
    }

    /// Whether [`prepare`](Self::prepare) has succeeded.
    pub(super) fn is_prepared(&self) -> bool {
        !matches!(self.head, Head::Draft(_)) && self.failure.is_none()
    }

    /// Accepts payload bytes.
    pub(super) fn data(&mut self, mut data: Bytes) {
        self.queue_aside();
        while !data.is_empty() {
            if self.compression.is_none() && self.tail.is_empty() && data.len() >= MAX_FRAME {
                let frame = data.split_to(MAX_FRAME);
                self.queue_data(frame);
            } else {
                let taken = self.fill_tail(&data);
                data = data.split_off(taken);
            }
        }
    }

    /// Copies as much of `data` as fits into the current frame. With compression, as much as fits
    /// uncompressed.
    pub(super) fn fill_tail(&mut self, data: &[u8]) -> usize {
        self.queue_aside();
        if let Some(compressor) = &mut self.compression {
            let taken = data.len().min(MAX_FRAME);
            let pushed = compressor.push(&data[..taken], &mut self.tail);
            self.after_compression(pushed);
            return taken;
        }
        let taken = data.len().min(MAX_FRAME - self.tail.len());
        self.tail.extend_from_slice(&data[..taken]);
        if self.tail.len() == MAX_FRAME {
            self.queue_tail();
        }
        taken
    }

    /// Accepts the item that `encode` appends to the current frame, or nothing if it fails.
    ///
    /// Frames end at item boundaries unless an item is longer than a frame. A receiver then finds
    /// complete items and copies nothing.
    pub(super) fn item<E>(
        &mut self,
        encode: impl FnOnce(&mut BytesMut) -> Result<(), E>,
    ) -> Result<(), E> {
        self.queue_aside();
        if let Some(compressor) = &mut self.compression {
            let pushed = compressor.push_item(encode, &mut self.tail)?;
            self.totals.items += 1;
            self.after_compression(pushed);
            return Ok(());
        }
        let start = self.tail.len();
        if self.tail.capacity() - start < OVERHANG {
            self.tail
                .reserve((MAX_FRAME + OVERHANG).saturating_sub(start));
        }
        PartialItem::new(&mut self.tail).write(encode)?;
        self.totals.items += 1;
        if start > 0 && self.tail.len() > MAX_FRAME {
            let frame = self.tail.split_to(start).freeze();
            self.queue_data(frame);
        }
        self.queue_full();
        Ok(())
    }

    /// Accepts a user message.
    pub(super) fn message(&mut self, text: Text) -> Result<(), WriteError> {
        if text.len() > MAX_MESSAGE {
            return Err(WriteError::MessageTooLong {
                size: text.len(),
                limit: MAX_MESSAGE,
            });
        }
        if InBand::parse(&text).is_some() {
            return Err(WriteError::ReservedMessage);
        }
        self.messages += 1;
        self.queue_message(text);
        Ok(())
    }

    /// Queues a message of the stream protocol. A plain stream ignores it.
    pub(super) fn in_band(&mut self, message: &InBand) {
        if !self.plain {
            self.queue_message(message.encode());
        }
    }

    /// Queues the current frame.
    pub(super) fn flush(&mut self) {
        self.queue_aside();
        self.queue_tail();
    }

    /// Queues the current frame and the end message.
    pub(super) fn end(&mut self) {
        self.flush();
        if let Some(compressor) = &mut self.compression {
            let finished = compressor.finish(&mut self.tail);
            self.after_compression(finished);
            self.queue_tail();
        }
        self.in_band(&InBand::End(self.totals.end()));
    }

    /// Drops what was not taken yet and queues the abort message.
    pub(super) fn abort(&mut self, abort: &Abort) {
        self.clear();
        if !self.plain {
            self.queue_message(short_abort(abort));
        }
    }

    /// Drops what was not taken yet.
    pub(super) fn clear(&mut self) {
        self.compression = None;
        self.tail.clear();
        self.frames.clear();
    }

    /// Queues the header before everything else, once.
    pub(super) fn begin(&mut self) {
        self.make_final();
        if let Head::Final(text) = std::mem::replace(&mut self.head, Head::Gone) {
            self.frames.push_front(text.into());
        }
    }

    /// Whether the header was sent, so that heartbeats may follow.
    pub(crate) fn has_begun(&self) -> bool {
        matches!(self.head, Head::Gone) && !self.plain
    }

    /// Takes the next frame. The tail counts only once it is full or flushed.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        self.frames.pop_front()
    }

    /// Whether there is a frame to take.
    pub(super) fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    /// Whether everything accepted was taken.
    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
            && self.tail.is_empty()
            && !self
                .compression
                .as_ref()
                .is_some_and(StreamCompressor::holds_back)
    }

    /// Number of payload bytes accepted, after compression.
    pub(super) fn bytes(&self) -> u64 {
        self.totals.bytes + self.tail.len() as u64
    }

    /// Payload bytes in complete frames so far.
    pub(crate) fn framed(&self) -> u64 {
        self.totals.bytes
    }

    pub(super) fn items(&self) -> u64 {
        self.totals.items
    }

    pub(super) fn messages(&self) -> u64 {
        self.messages
    }

    fn queue_message(&mut self, text: Text) {
        self.queue_tail();
        self.frames.push_back(Frame::Message(text));
    }

    /// Queues messages from other sources before the next data.
    #[inline]
    fn queue_aside(&mut self) {
        if self.message_queue.is_some() {
            self.queue_messages();
        }
    }

    fn queue_messages(&mut self) {
        while let Some(queued) = self.message_queue.as_ref().and_then(MessageQueue::pop) {
            match queued {
                QueuedMessage::Message(text) => {
                    self.messages += 1;
                    self.queue_message(text);
                }
                QueuedMessage::Progress(progress) => self.in_band(&InBand::Progress(progress)),
                QueuedMessage::Turn(turn) => self.in_band(&InBand::Turn(turn)),
            }
        }
    }

    fn after_compression(&mut self, result: Result<(), WriteError>) {
        if let Err(error) = result {
            self.failure = Some(error);
        }
        self.queue_full();
    }

    #[inline]
    fn queue_full(&mut self) {
        if self.tail.len() >= MAX_FRAME {
            self.queue_full_frames();
        }
    }

    #[cold]
    fn queue_full_frames(&mut self) {
        while self.tail.len() >= MAX_FRAME {
            let frame = self.tail.split_to(MAX_FRAME).freeze();
            self.queue_data(frame);
        }
    }

    fn queue_tail(&mut self) {
        if let Some(compressor) = &mut self.compression {
            let flushed = compressor.flush(&mut self.tail);
            self.after_compression(flushed);
        }
        if !self.tail.is_empty() {
            let frame = self.tail.split().freeze();
            self.queue_data(frame);
        }
    }

    fn queue_data(&mut self, frame: Bytes) {
        self.totals.add(&frame);
        self.frames.push_back(Frame::Data(frame));
    }
}

#[cfg(test)]
mod tests;
