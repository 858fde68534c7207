use futures::stream::BoxStream;
use futures::{Stream, StreamExt};

use super::super::plan::{Edge, Plan};
use super::super::segment::Segment;
use crate::channel::{ChannelReader, Event, Receiver};
use crate::stage::{Caught, Flow, Incoming, Open, StageContext};

/// A branch that brings items of type `T` to where branches come together; its own type is
/// forgotten.
pub(super) trait Lane<T>: Send {
    fn names(&self, names: &mut Vec<String>);

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<T>>;

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge;

    /// How what the edge carries is read.
    fn open(&self) -> Open<T>;
}

/// A branch whose items go on.
pub(super) struct Main<P>(pub(super) P);

impl<P: Segment> Lane<P::Out> for Main<P> {
    fn names(&self, names: &mut Vec<String>) {
        self.0.names(names);
    }

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<P::Out>> {
        Caught::new(self.0.fuse(context)).boxed()
    }

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge {
        self.0.draw(plan)
    }

    fn open(&self) -> Open<P::Out> {
        |reader: ChannelReader, stage: &str| {
            Incoming::new(Receiver::<P::Out, P::Format>::new(reader), stage).boxed()
        }
    }
}

/// A branch that nothing comes out of but its messages and its end.
pub(super) struct Side<P>(pub(super) P);

impl<T, P> Lane<T> for Side<P>
where
    T: Send + 'static,
    P: Segment<Out = ()>,
{
    fn names(&self, names: &mut Vec<String>) {
        self.0.names(names);
    }

    fn fuse(self: Box<Self>, context: StageContext) -> BoxStream<'static, Flow<T>> {
        without_items(Caught::new(self.0.fuse(context))).boxed()
    }

    fn draw(self: Box<Self>, plan: &mut Plan) -> Edge {
        self.0.draw(plan)
    }

    fn open(&self) -> Open<T> {
        |reader: ChannelReader, stage: &str| {
            without_items(Incoming::new(Receiver::<(), P::Format>::new(reader), stage)).boxed()
        }
    }
}

fn without_items<T: Send + 'static>(
    stream: impl Stream<Item = Flow<()>> + Send + 'static,
) -> impl Stream<Item = Flow<T>> + Send + 'static {
    stream.filter_map(async |flow| match flow {
        Ok(Event::Item(())) => None,
        Ok(Event::Message(text)) => Some(Ok(Event::Message(text))),
        Ok(Event::Progress(progress)) => Some(Ok(Event::Progress(progress))),
        Err(failure) => Some(Err(failure)),
    })
}
