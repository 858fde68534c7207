use std::marker::PhantomData;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};

use super::super::{BadItem, Event, ReceiveError, Signal, SignalKind};
use super::settings::Settings;
use crate::channel::coop::poll_coop;
use crate::channel::error_chain::error_chain;
use crate::channel::reader::Inbox;
use crate::channel::verifier;
use crate::channel::{ChannelReader, ReadError, StreamReport};
use crate::codec::{Decode, Decoded, FormatError, differences};
use crate::wire::{Close, Header};

/// Minimum number of bytes to copy in order to complete an item that spans frames.
const LEAST_COPY: usize = 512;

/// Converts the payload of a stream into items.
///
/// Items are decoded in place. Only an item that spans frames is copied into `carry`, and only as
/// much of it as needed.
pub(in crate::channel::items) struct ItemDecoder<T, F> {
    inbox: Inbox,
    format: F,
    settings: Settings,
    /// The start of an item that spans frames, if there is one, including the part of `frame` that
    /// was copied to complete it.
    carry: BytesMut,
    /// Number of bytes at the front of `frame` that are also in `carry`.
    borrowed: usize,
    frame: Bytes,
    /// Number of items so far, including unreadable ones.
    items: u64,
    /// Offset of the next item in the payload.
    offset: u64,
    header: HeaderCheck,
    /// The failure that ended the stream of items; later calls return it again.
    failure: Option<ReceiveError>,
    item: PhantomData<fn() -> T>,
}

/// The result of comparing the header with the receiver.
enum HeaderCheck {
    Open,
    Passed,
    Failed(ReceiveError),
}

impl<T, F: Decode<T>> ItemDecoder<T, F> {
    pub(in crate::channel::items) fn new(inbox: Inbox) -> Self {
        Self {
            inbox,
            format: F::default(),
            settings: Settings::default(),
            carry: BytesMut::new(),
            borrowed: 0,
            frame: Bytes::new(),
            items: 0,
            offset: 0,
            header: HeaderCheck::Open,
            failure: None,
            item: PhantomData,
        }
    }

    /// Returns the next event, or `None` at the end of a complete stream. After a failure that
    /// ended the stream, every call returns that failure.
    pub(in crate::channel::items) fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Event<T>>, ReceiveError>> {
        if let Some(failure) = &self.failure {
            return Poll::Ready(Err(failure.clone()));
        }
        loop {
            match self.decode(false) {
                Ok(Some(item)) => return Poll::Ready(Ok(Some(Event::Item(item)))),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
            self.inbox.observe(self.items);
            ready!(self.poll_header(cx))?;
            return Poll::Ready(match ready!(self.inbox.poll_event(cx)) {
                Ok(Some(verifier::Event::Data(bytes))) => {
                    self.check_header()?;
                    self.frame = bytes;
                    continue;
                }
                Ok(Some(verifier::Event::Message(text))) => Ok(Some(Event::Message(text))),
                Ok(Some(verifier::Event::Progress(progress))) => {
                    Ok(Some(Event::Progress(Box::new(progress))))
                }
                Ok(Some(verifier::Event::Turn(turn))) => {
                    Ok(Some(Event::Signal(Signal(SignalKind::Turn(turn)))))
                }
                Ok(None) => self.end(),
                Err(error) => Err(self.fail(error.into())),
            });
        }
    }

    /// Decodes the next item of the current frame.
    pub(in crate::channel::items) fn take_item(&mut self) -> Option<Result<T, ReceiveError>> {
        let has_input = !self.frame.is_empty() && self.failure.is_none();
        has_input.then(|| self.decode(false).transpose())?
    }

    /// Waits until it is known whether the stream has a header, and compares it with the receiver.
    /// Later calls return the same result, even after a later failure.
    pub(crate) fn poll_header(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReceiveError>> {
        match &self.header {
            HeaderCheck::Passed => return Poll::Ready(Ok(())),
            HeaderCheck::Failed(error) => return Poll::Ready(Err(error.clone())),
            HeaderCheck::Open => {}
        }
        match ready!(self.inbox.poll_header(cx)) {
            Ok(Some(_)) => Poll::Ready(self.check_header()),
            // A user's message may precede it.
            Ok(None) => Poll::Ready(Ok(())),
            Err(error) => {
                let error = self.fail(error.into());
                self.header = HeaderCheck::Failed(error.clone());
                Poll::Ready(Err(error))
            }
        }
    }

    /// Compares the header, if there is one and it has not been compared yet. Must be called before
    /// data is taken; no data precedes the header.
    fn check_header(&mut self) -> Result<(), ReceiveError> {
        if let HeaderCheck::Open = self.header {
            let compared = self.inbox.header().map_or(Ok(()), Self::compare);
            self.header = match compared {
                Ok(()) => HeaderCheck::Passed,
                Err(error) => HeaderCheck::Failed(self.fail(error)),
            };
        }
        match &self.header {
            HeaderCheck::Failed(error) => Err(error.clone()),
            HeaderCheck::Open | HeaderCheck::Passed => Ok(()),
        }
    }

    /// Opens the connection.
    pub(crate) fn poll_connect(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), ReceiveError>> {
        match &self.failure {
            Some(failure) => Poll::Ready(Err(failure.clone())),
            None => poll_coop(cx, |cx| self.inbox.poll_connect(cx)).map_err(ReceiveError::from),
        }
    }

    /// Returns the underlying reader, with the bytes that belong to no item put back in front.
    pub(in crate::channel::items) fn into_reader(mut self) -> ChannelReader {
        self.inbox.put_back(
            self.carry.split().freeze(),
            self.frame.split_off(self.borrowed),
        );
        ChannelReader::from_inbox(self.inbox)
    }

    /// Cancels the stream. After the first poll, no more items are returned.
    pub(in crate::channel::items) async fn close(&mut self, close: Close) {
        let whole = matches!(self.inbox.report().verdict, Some(verdict) if verdict.is_complete());
        if whole && !(self.frame.is_empty() && self.carry.is_empty()) {
            self.fail(ReceiveError::Stream(ReadError::closed_here(
                self.inbox.report().bytes,
            )));
        }
        self.frame = Bytes::new();
        self.carry = BytesMut::new();
        self.borrowed = 0;
        self.inbox.close(close).await;
    }

    /// Decodes an item from the available input.
    fn decode(&mut self, at_end: bool) -> Result<Option<T>, ReceiveError> {
        if self.items == 0 {
            self.format.set_limits(self.settings.limits);
        }
        while !self.input().is_empty() {
            // The input contains everything received, unless only a part of the frame was copied.
            let whole = self.carry.is_empty() || self.ahead() == 0;
            let input = if self.carry.is_empty() {
                &self.frame[..]
            } else {
                &self.carry[..]
            };
            let available = input.len();
            match self.format.decode(input, at_end && whole) {
                Ok(Decoded::Item { len, .. } | Decoded::Skip(len))
                    if len == 0 || len > available =>
                {
                    let reason = format!("the format took {len} of {available} bytes");
                    return Err(self.bad_item(&FormatError::new(reason)));
                }
                Ok(Decoded::Item { len, .. })
                    if len > self.settings.limits.max_bytes && F::KEEPS_ITEMS =>
                {
                    return Err(self.too_long(len));
                }
                Ok(Decoded::Item { item, len }) => {
                    self.advance(len);
                    self.items += 1;
                    return Ok(Some(item));
                }
                // Rejected regardless of how much has arrived, and of its content.
                Ok(Decoded::Skip(len) | Decoded::More(len))
                    if len > self.settings.limits.max_bytes =>
                {
                    return Err(self.too_long(len));
                }
                Ok(Decoded::Skip(len)) => self.advance(len),
                Ok(Decoded::More(len)) if self.ahead() > 0 => self.carry_more(len),
                Ok(Decoded::Nothing) if self.ahead() > 0 => self.carry_more(1),
                Ok(Decoded::More(_) | Decoded::Nothing) if at_end => {
                    let cut = FormatError::new("the stream ends in the middle of the item");
                    return Err(self.bad_item(&cut));
                }
                Ok(Decoded::More(_) | Decoded::Nothing) => {
                    self.frame = Bytes::new();
                    self.borrowed = 0;
                    return Ok(None);
                }
                Err(error) => {
                    let too_long = error
                        .skippable()
                        .filter(|len| *len > self.settings.limits.max_bytes);
                    return Err(match too_long {
                        Some(len) => self.too_long(len),
                        None => self.bad_item(&error),
                    });
                }
            }
        }
        Ok(None)
    }

    /// The input that starts with the next item.
    fn input(&self) -> &[u8] {
        if self.carry.is_empty() {
            &self.frame
        } else {
            &self.carry
        }
    }

    /// Number of bytes of the frame that are not in `carry`.
    fn ahead(&self) -> usize {
        self.frame.len() - self.borrowed
    }

    /// Copies bytes from the frame to `carry` towards an item of `len` bytes.
    ///
    /// The amount doubles each time, so that an item of unknown length is copied about once.
    fn carry_more(&mut self, len: usize) {
        let missing = len.saturating_sub(self.carry.len());
        let copied = missing
            .max(LEAST_COPY)
            .max(self.carry.len())
            .min(self.ahead());
        self.carry
            .extend_from_slice(&self.frame[self.borrowed..self.borrowed + copied]);
        self.borrowed += copied;
    }

    /// Advances by `len` bytes. Bytes that were copied beyond the item are read from the frame
    /// again.
    fn advance(&mut self, len: usize) {
        self.offset += len as u64;
        let before_frame = self.carry.len() - self.borrowed;
        if self.carry.is_empty() {
            self.frame.advance(len);
        } else if len >= before_frame {
            self.frame.advance(len - before_frame);
            self.carry.clear();
            self.borrowed = 0;
        } else {
            self.carry.advance(len);
        }
    }

    fn too_long(&mut self, len: usize) -> ReceiveError {
        self.fail(ReceiveError::TooLong {
            number: self.items,
            offset: self.offset,
            len,
            limit: self.settings.limits.max_bytes,
        })
    }

    fn bad_item(&mut self, error: &FormatError) -> ReceiveError {
        let input = self.input();
        let len = error
            .skippable()
            .map_or(input.len(), |len| len.min(input.len()));
        let bad = ReceiveError::Item(BadItem {
            number: self.items,
            offset: self.offset,
            bytes: Bytes::copy_from_slice(&input[..len]),
            reason: error_chain(error),
        });
        if self.settings.goes_on_after_bad_items && error.skippable().is_some() {
            self.advance(len);
            self.items += 1;
            bad
        } else {
            self.fail(bad)
        }
    }

    /// Handles the end of the payload: the remaining bytes must be an item, and the number of items
    /// must match.
    fn end(&mut self) -> Result<Option<Event<T>>, ReceiveError> {
        if let Some(item) = self.decode(true)? {
            return Ok(Some(Event::Item(item)));
        }
        let counted = self
            .inbox
            .header()
            .is_some_and(|header| header.format == F::NAME);
        if let Some(sent) = self.inbox.end_items()
            && counted
            && F::KEEPS_ITEMS
            && sent != self.items
        {
            let reason = format!("{} items arrived, but the writer sent {sent}", self.items);
            return Err(self.fail(ReadError::Corrupt { reason }.into()));
        }
        Ok(None)
    }

    fn compare(header: &Header) -> Result<(), ReceiveError> {
        // `bytes` says nothing about items, so such a stream is read like one of another
        // implementation. A receiver of `bytes` accepts every format.
        let any = F::NAME == Header::BYTES || header.format == Header::BYTES;
        if !any && header.format != F::NAME {
            return Err(ReceiveError::Format {
                stream: header.format.clone(),
                here: F::NAME,
            });
        }
        let differences = match (&header.schema, F::shape()) {
            (Some(stream), Some(here)) => differences(stream, &here),
            _ => Vec::new(),
        };
        if differences.is_empty() {
            Ok(())
        } else {
            Err(ReceiveError::Shape { differences })
        }
    }

    fn fail(&mut self, error: ReceiveError) -> ReceiveError {
        self.failure = Some(error.clone());
        self.carry = BytesMut::new();
        self.borrowed = 0;
        self.frame = Bytes::new();
        // A stream that already has a verdict keeps it.
        let reason = error.to_string();
        self.inbox.fail(match &error {
            ReceiveError::Stream(error) => error.clone(),
            _ => ReadError::Refused { reason },
        });
        error
    }
}

impl<T, F> ItemDecoder<T, F> {
    pub(in crate::channel::items) fn settings(&self) -> Settings {
        self.settings
    }

    /// Applies settings before the first item; later calls have no effect.
    pub(in crate::channel::items) fn set(&mut self, settings: Settings) {
        if self.items == 0 {
            self.settings = settings;
        }
    }

    /// Whether a failure has ended the stream of items.
    pub(in crate::channel::items) fn has_failed(&self) -> bool {
        self.failure.is_some()
    }

    pub(in crate::channel::items) fn header(&self) -> Option<&Header> {
        self.inbox.header()
    }

    pub(in crate::channel::items) fn inbox_mut(&mut self) -> &mut Inbox {
        &mut self.inbox
    }

    pub(in crate::channel::items) fn report(&self) -> StreamReport {
        StreamReport {
            items: self.items,
            ..self.inbox.report()
        }
    }
}
