use futures::{FutureExt, Stream};

use super::plan::{Edge, Plan, Work};
use super::segment::Segment;
use crate::stage::{Flow, Placement, Stage, StageContext};

/// A pipeline with one more stage; see [`Pipeline::then`](super::Pipeline::then).
#[derive(Debug)]
pub struct Then<P, S> {
    before: P,
    stage: S,
}

impl<P, S> Then<P, S> {
    pub(super) fn new(before: P, stage: S) -> Self {
        Self { before, stage }
    }
}

impl<P, S> Segment for Then<P, S>
where
    P: Segment,
    S: Stage<In = P::Out, InFormat = P::Format>,
{
    type Out = S::Out;
    type Format = S::OutFormat;

    fn names(&self, names: &mut Vec<String>) {
        self.before.names(names);
        names.push(self.stage.id());
    }

    #[inline]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<S::Out>> + Send + 'static {
        let own = context.for_stage(self.stage.id());
        let before = self.before.fuse(context);
        own.tally(self.stage.fuse(before, own.clone()))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let input = self.before.draw(plan);
        let id = self.stage.id();
        let work = match self.stage.placement() {
            Placement::Registered => Work::Registered {
                id: id.clone(),
                params: self.stage.params(),
            },
            Placement::Here => Work::Here(Box::new(move |ends, context| {
                self.stage.serve(ends.into_single(), context).boxed()
            })),
        };
        plan.node(id, Some(input), work)
    }
}
