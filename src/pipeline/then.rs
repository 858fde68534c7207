use futures::Stream;

use super::plan::{Edge, Plan, Work};
use super::segment::Segment;
use crate::stage::{Flow, KeepsOrder, Part, Placement, Stage, StageContext};

/// A pipeline with one more stage, or with the parts of a composed stage; see
/// [`Pipeline::then`](super::Pipeline::then).
#[derive(Debug)]
pub struct Then<P, S> {
    before: P,
    stage: S,
    /// Whether the stage is one of several copies whose outputs keep the order.
    in_order: bool,
}

impl<P, S> Then<P, S> {
    pub(super) fn new(before: P, stage: S) -> Self {
        Self {
            before,
            stage,
            in_order: false,
        }
    }
}

impl<P, S> Then<P, S> {
    /// Creates one of several copies of a stage, whose outputs keep the order if `in_order`.
    pub(super) fn copy(before: P, stage: S, in_order: bool) -> Self {
        Self {
            before,
            stage,
            in_order,
        }
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
        let parts = self.stage.clone().parts();
        names.extend(parts.into_iter().map(|part| part.facts.id));
    }

    #[inline]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<S::Out>> + Send + 'static {
        let before = self.before.fuse(context.clone());
        self.stage.fuse(before, context.with_order(self.in_order))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let input = self.before.draw(plan);
        let parts = self.stage.parts().into_iter();
        parts.fold(input, |input, Part { facts, code }| {
            let id = facts.id;
            let work = match facts.placement {
                Placement::Registered => Work::Registered {
                    id: id.clone(),
                    params: facts.params,
                    in_order: self.in_order && facts.order == KeepsOrder::Unknown,
                },
                Placement::Here => Work::Here(Box::new(move |ends, context| {
                    code(ends.into_single(), context)
                })),
            };
            plan.node(id, Some(input), work)
        })
    }
}
