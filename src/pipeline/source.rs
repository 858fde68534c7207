use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::{FutureExt, Stream, StreamExt};
use pin_project::pin_project;
use tokio::io::AsyncRead;
use tokio_util::io::ReaderStream;

use super::drained::Drained;
use super::plan::{Edge, Plan, Work};
use super::segment::Segment;
use crate::channel::Event;
use crate::codec::{Decode, Encode, Raw};
use crate::error::Error;
use crate::stage::{
    Flow, FormatChecked, Producer, StageContext, StageError, forward, with_panic_context,
};
use crate::wire::MAX_FRAME;

/// The name of a source in reports and errors.
pub(super) const SOURCE: &str = "source";

/// The start of a pipeline: a stream; see [`Pipeline::source`](super::Pipeline::source).
#[derive(Debug)]
pub struct Source<S, F> {
    stream: S,
    format: PhantomData<fn() -> F>,
}

impl<S, F> Source<S, F> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            format: PhantomData,
        }
    }

    pub(super) fn with_format<G>(self) -> Source<S, G> {
        Source::new(self.stream)
    }
}

/// Number of consecutive ready items before the task yields.
const TURN: u8 = 128;

/// A source that the stages poll directly. Its panics are attributed to it, and it yields even if
/// it is always ready.
#[pin_project]
pub(super) struct StartedSource<S> {
    #[pin]
    stream: Drained<S>,
    context: StageContext,
    ready: u8,
}

impl<S> StartedSource<S> {
    pub(super) fn new(context: &StageContext, stream: S) -> Self {
        Self {
            stream: Drained::new(stream, context),
            context: context.clone(),
            ready: 0,
        }
    }
}

impl<S: Stream> Stream for StartedSource<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if *this.ready == TURN {
            *this.ready = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = with_panic_context(this.context, || this.stream.poll_next(cx));
        *this.ready = if polled.is_ready() {
            *this.ready + 1
        } else {
            0
        };
        polled
    }
}

/// The items of a source: plain ones, or results whose first error ends the run.
fn flow<S, T>(stream: S) -> impl Stream<Item = Flow<T>> + Send + 'static
where
    S: Stream<Item = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
{
    let mut number = 0;
    stream.map(move |item| match item {
        Ok(item) => {
            number += 1;
            Ok(Event::Item(item))
        }
        Err(error) => Err(StageError::returned(SOURCE, Some(number), error)),
    })
}

impl<S, T, F> Segment for Source<S, F>
where
    S: Stream<Item = Result<T, Error>> + Send + 'static,
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, _: &mut Vec<String>) {}

    #[inline]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        let own = context.for_stage(SOURCE);
        let items = FormatChecked::<_, F>::new(flow(self.stream), own.clone());
        own.tally_behind(Vec::new(), StartedSource::new(&own, items))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let work = Work::Here(Box::new(move |ends, context| {
            let items = Drained::new(flow(self.stream), &context);
            forward::<T, F>(items, ends.into_single(), context).boxed()
        }));
        plan.node(SOURCE.to_owned(), None, work)
    }
}

/// The start of a pipeline: items and messages.
#[derive(Debug)]
pub struct Events<S, F> {
    stream: S,
    format: PhantomData<fn() -> F>,
}

impl<S, F> Events<S, F> {
    pub(super) fn new(stream: S) -> Self {
        Self {
            stream,
            format: PhantomData,
        }
    }
}

impl<S, T, F> Segment for Events<S, F>
where
    S: Stream<Item = Event<T>> + Send + 'static,
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, _: &mut Vec<String>) {}

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        let own = context.for_stage(SOURCE);
        let items = FormatChecked::<_, F>::new(self.stream.map(Ok), own.clone());
        own.tally_behind(Vec::new(), StartedSource::new(&own, items))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let work = Work::Here(Box::new(move |ends, context| {
            let items = Drained::new(self.stream.map(Ok), &context);
            forward::<T, F>(items, ends.into_single(), context).boxed()
        }));
        plan.node(SOURCE.to_owned(), None, work)
    }
}

/// The start of a pipeline: bytes; see [`Pipeline::read`](super::Pipeline::read).
#[derive(Debug)]
pub struct Bytes<R>(pub(super) R);

impl<R: AsyncRead + Send + 'static> Bytes<R> {
    fn chunks(self) -> impl Stream<Item = Result<bytes::Bytes, Error>> + Send + 'static {
        ReaderStream::with_capacity(self.0, MAX_FRAME).map(|chunk| chunk.map_err(Error::from))
    }
}

impl<R: AsyncRead + Send + 'static> Segment for Bytes<R> {
    type Out = bytes::Bytes;
    type Format = Raw;

    fn names(&self, _: &mut Vec<String>) {}

    fn fuse(
        self,
        context: StageContext,
    ) -> impl Stream<Item = Flow<bytes::Bytes>> + Send + 'static {
        let own = context.for_stage(SOURCE);
        own.tally_behind(Vec::new(), StartedSource::new(&own, flow(self.chunks())))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        Source::<_, Raw>::new(self.chunks()).draw(plan)
    }
}

/// The start of a pipeline: a producer; see [`Pipeline::produce`](super::Pipeline::produce).
#[derive(Debug)]
pub struct Produced<P>(pub(super) P);

impl<P: Producer> Segment for Produced<P> {
    type Out = P::Out;
    type Format = P::Format;

    fn names(&self, names: &mut Vec<String>) {
        names.push(self.0.id());
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<P::Out>> + Send + 'static {
        let (own, _) = context.for_stage(self.0.id()).with_own_output();
        own.tally_behind(Vec::new(), self.0.fuse(own.clone()))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let id = self.0.id();
        let work = Work::Here(Box::new(move |ends, context| {
            self.0.serve(ends.into_single(), context).boxed()
        }));
        plan.node(id, None, work)
    }
}

/// A report of a source counts only outputs.
pub(super) fn is_source(name: &str) -> bool {
    name == SOURCE
}
