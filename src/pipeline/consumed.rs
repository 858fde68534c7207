use futures::{FutureExt, Stream, StreamExt, stream};

use super::plan::{Edge, Plan, Work};
use super::segment::Segment;
use crate::codec::Json;
use crate::stage::{Consumer, Flow, StageContext, StageError};

/// A pipeline with a consumer at its end; see [`Pipeline::consume`](super::Pipeline::consume).
///
/// It has no outputs. Its last channel carries only the end, which signals that the consumer is
/// done.
#[derive(Debug)]
pub struct Consumed<P, C> {
    before: P,
    consumer: C,
}

impl<P, C> Consumed<P, C> {
    pub(super) fn new(before: P, consumer: C) -> Self {
        Self { before, consumer }
    }
}

impl<P, C> Segment for Consumed<P, C>
where
    P: Segment,
    C: Consumer<In = P::Out, Format = P::Format>,
{
    type Out = ();
    type Format = Json;

    fn names(&self, names: &mut Vec<String>) {
        self.before.names(names);
        names.push(self.consumer.id());
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<()>> + Send + 'static {
        let before = self.before.fuse(context.clone());
        let own = context.for_stage(self.consumer.id());
        let input = own.parts().last().into_iter().collect();
        own.add_to_tally(input);
        let consumed = self.consumer.fuse(before, own);
        stream::once(consumed)
            .filter_map(async |ended: Result<(), StageError>| ended.err().map(Err))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let input = self.before.draw(plan);
        let id = self.consumer.id();
        let work = Work::Here(Box::new(move |ends, context| {
            self.consumer.serve(ends.into_single(), context).boxed()
        }));
        plan.node(id, Some(input), work)
    }
}
