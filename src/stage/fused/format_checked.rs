use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use futures::Stream;
use pin_project::pin_project;

use super::super::{Flow, StageContext, StageError};
use super::panic_context::OutputGuard;
use crate::channel::{Event, SendError};
use crate::codec::{Decode, Decoded, Encode, FormatError};

/// The output of a fused stage as its reader would receive it over a channel. It ends at the first
/// item that the format rejects.
///
/// Items of formats that support checks are passed on unchanged. Items of other formats are encoded
/// and decoded; see [`Encode::CHECKS`].
#[pin_project]
pub(crate) struct FormatChecked<S, F> {
    #[pin]
    stream: S,
    format: F,
    context: StageContext,
    /// Number of items checked or encoded.
    items: u64,
    /// Encoded items that were not decoded yet; `None` until there are any.
    written: Option<Box<Written<F>>>,
}

/// Encoded items between encoding and decoding.
struct Written<F> {
    bytes: BytesMut,
    reader: F,
    /// Number of items decoded.
    items: u64,
    /// Whether the output has ended.
    is_over: bool,
}

impl<S, F: Default> FormatChecked<S, F> {
    /// The output of the stage of `context`.
    #[inline]
    pub(crate) fn new(stream: S, context: StageContext) -> Self {
        Self {
            stream,
            format: F::default(),
            context,
            items: 0,
            written: None,
        }
    }
}

impl<S, T, F> Stream for FormatChecked<S, F>
where
    S: Stream<Item = Flow<T>>,
    F: Encode<T> + Decode<T>,
{
    type Item = Flow<T>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>> {
        if !F::CHECKS {
            return self.poll_rewritten(cx);
        }
        let this = self.project();
        let flow = ready!(this.stream.poll_next(cx));
        if let Some(Ok(Event::Item(item))) = &flow {
            let handing = OutputGuard {
                context: this.context,
                item: *this.items,
            };
            let checked = this.format.check(item);
            handing.done();
            if let Err(error) = checked {
                let failure = refused(this.context, *this.items, error);
                return Poll::Ready(Some(Err(failure)));
            }
            *this.items += 1;
        }
        Poll::Ready(flow)
    }
}

impl<S, F> FormatChecked<S, F> {
    fn poll_rewritten<T>(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Flow<T>>>
    where
        S: Stream<Item = Flow<T>>,
        F: Encode<T> + Decode<T>,
    {
        let mut this = self.project();
        let written = this.written.get_or_insert_with(|| {
            Box::new(Written {
                bytes: BytesMut::new(),
                reader: F::default(),
                items: 0,
                is_over: false,
            })
        });
        loop {
            match written.read() {
                Ok(Some(item)) => return Poll::Ready(Some(Ok(Event::Item(item)))),
                Ok(None) if written.is_over => {
                    // Over a channel, the end message would reveal this.
                    let all_read = !F::KEEPS_ITEMS || written.items == *this.items;
                    let read = std::mem::replace(&mut written.items, *this.items);
                    return Poll::Ready((!all_read).then(|| {
                        let reason = format!("{read} items arrive where {} are sent", *this.items);
                        let last = this.items.saturating_sub(1);
                        Err(refused(this.context, last, FormatError::new(reason)))
                    }));
                }
                Ok(None) => {}
                Err(error) => {
                    written.bytes.clear();
                    let last = this.items.saturating_sub(1);
                    return Poll::Ready(Some(Err(refused(this.context, last, error))));
                }
            }
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(Ok(Event::Item(item))) => {
                    let handing = OutputGuard {
                        context: this.context,
                        item: *this.items,
                    };
                    let encoded = this.format.encode(item, &mut written.bytes);
                    handing.done();
                    if let Err(error) = encoded {
                        let failure = refused(this.context, *this.items, error.error);
                        return Poll::Ready(Some(Err(failure)));
                    }
                    *this.items += 1;
                }
                None => written.is_over = true,
                other => return Poll::Ready(other),
            }
        }
    }
}

impl<F> Written<F> {
    /// Decodes the next item, if it is complete.
    fn read<T>(&mut self) -> Result<Option<T>, FormatError>
    where
        F: Decode<T>,
    {
        loop {
            match self.reader.decode(&self.bytes, self.is_over)? {
                Decoded::Item { item, len } => {
                    self.bytes.advance(len);
                    self.items += 1;
                    return Ok(Some(item));
                }
                Decoded::Skip(len) => self.bytes.advance(len),
                Decoded::More(_) | Decoded::Nothing => return Ok(None),
            }
        }
    }
}

#[cold]
fn refused(context: &StageContext, item: u64, error: FormatError) -> StageError {
    let error = SendError::<()>::format(item, error, None);
    StageError::unwritable(context.stage(), &error)
}
