use futures::stream::BoxStream;
use futures::{Stream, StreamExt};

use super::super::plan::{Edge, Plan};
use super::super::segment::Segment;
use crate::channel::{ChannelReader, Event};
use crate::stage::{CatchPanic, Flow, Incoming, Open, StageContext};

/// A type-erased branch whose output items have type `T`.
pub(super) trait Branch<T>: Send {
    fn names(&self, names: &mut Vec<String>);

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<T>>;

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge;

    /// How to read the items of the edge.
    fn open(&self) -> Open<T>;
}

/// A branch whose items are forwarded.
pub(super) struct MainBranch<P>(pub(super) P);

impl<P: Segment> Branch<P::Out> for MainBranch<P> {
    fn names(&self, names: &mut Vec<String>) {
        self.0.names(names);
    }

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<P::Out>> {
        CatchPanic::new(self.0.fuse(context)).boxed()
    }

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge {
        self.0.draw(plan)
    }

    fn open(&self) -> Open<P::Out> {
        |reader: ChannelReader, context: &StageContext| {
            let receiver = context.receiver::<P::Out, P::Format>(reader);
            Incoming::new(receiver, context.stage()).boxed()
        }
    }
}

/// A branch that outputs only progress and its end.
pub(super) struct SideBranch<P>(pub(super) P);

impl<T, P> Branch<T> for SideBranch<P>
where
    T: Send + 'static,
    P: Segment<Out = ()>,
{
    fn names(&self, names: &mut Vec<String>) {
        self.0.names(names);
    }

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<T>> {
        without_items(CatchPanic::new(self.0.fuse(context))).boxed()
    }

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge {
        self.0.draw(plan)
    }

    fn open(&self) -> Open<T> {
        |reader: ChannelReader, context: &StageContext| {
            let receiver = context.receiver::<(), P::Format>(reader);
            without_items(Incoming::new(receiver, context.stage())).boxed()
        }
    }
}

fn without_items<T: Send + 'static>(
    stream: impl Stream<Item = Flow<()>> + Send + 'static,
) -> impl Stream<Item = Flow<T>> + Send + 'static {
    stream.filter_map(async |flow| match flow {
        // The main line has already forwarded the messages.
        Ok(Event::Item(()) | Event::Message(_)) => None,
        Ok(Event::Progress(progress)) => Some(Ok(Event::Progress(progress))),
        Ok(Event::Signal(signal)) => Some(Ok(Event::Signal(signal))),
        Err(failure) => Some(Err(failure)),
    })
}
