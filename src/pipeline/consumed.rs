use futures::{FutureExt, Stream, StreamExt, stream};

use super::plan::{Edge, NodeEnds, Plan, Work};
use super::segment::Segment;
use crate::codec::Json;
use crate::stage::{Consumer, Ends, Flow, StageContext, StageError, StageReport};

/// A pipeline with a consumer at its end; see [`Pipeline::consume`](super::Pipeline::consume).
///
/// Nothing comes out: its last channel carries only the end, which tells that the consumer is
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
        let own = context.for_stage(self.consumer.id());
        let consumed = self.consumer.fuse(self.before.fuse(context), own);
        stream::once(consumed)
            .filter_map(async |ended: Result<(), StageError>| ended.err().map(Err))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let input = self.before.draw(plan);
        let id = self.consumer.id();
        let work = Work::Here(Box::new(move |ends, context| {
            consume(self.consumer, ends, context).boxed()
        }));
        plan.node(id, Some(input), work)
    }
}

async fn consume<C: Consumer>(
    consumer: C,
    ends: NodeEnds,
    context: StageContext,
) -> Result<StageReport, StageError> {
    let Ends { reader, writer } = ends.into_single();
    let id = context.stage().to_owned();
    let ended = consumer
        .serve(
            Ends {
                reader,
                writer: None,
            },
            context,
        )
        .await;
    let Some(mut writer) = writer else {
        return ended;
    };
    match ended {
        Ok(report) => {
            writer
                .close()
                .await
                .map_err(|error| StageError::output(&id, error))?;
            Ok(report)
        }
        Err(failure) => {
            // The failure itself is the node's result; the run's end learns of it there.
            let _ = writer.abort(failure.abort().clone()).await;
            Err(failure)
        }
    }
}
