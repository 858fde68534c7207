use std::fmt;
use std::marker::PhantomData;

use futures::{FutureExt, Stream, StreamExt, stream};

use super::super::plan::{Edge, NodeEnds, Plan, Work};
use super::super::segment::Segment;
use super::branch::Branch;
use super::fork::BoxedFork;
use crate::channel::WaitTimer;
use crate::codec::{Decode, Encode};
use crate::stage::{FanIn, Flow, Order, StageContext, StageError, serve_fan_in};

/// The name of the merge in reports and errors.
const MERGE: &str = "merge";

/// Joined branches; see [`Pipeline::merge`](crate::Pipeline::merge) and the operators that split a
/// pipeline.
pub struct Merged<T, F> {
    /// The common part before the branches; `None` for separate pipelines.
    stem: Option<Box<dyn BoxedFork>>,
    boxed_branches: Vec<Box<dyn Branch<T>>>,
    order: Order,
    /// Why the run fails at its start.
    refused: Option<StageError>,
    format: PhantomData<fn() -> F>,
}

impl<T, F> Merged<T, F> {
    pub(super) fn new(
        stem: Option<Box<dyn BoxedFork>>,
        boxed_branches: Vec<Box<dyn Branch<T>>>,
        order: Order,
    ) -> Self {
        Self {
            stem,
            boxed_branches,
            order,
            refused: None,
            format: PhantomData,
        }
    }

    /// Makes the run fail at its start, if there is a reason.
    pub(super) fn refuse(&mut self, reason: Option<StageError>) {
        self.refused = reason;
    }
}

impl<T, F> Segment for Merged<T, F>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, names: &mut Vec<String>) {
        if let Some(stem) = &self.stem {
            stem.names(names);
        }
        for branch in &self.boxed_branches {
            branch.names(names);
        }
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        if let Some(refused) = self.refused {
            return stream::once(async { Err(refused) }).left_stream();
        }
        let (own, metadata) = context.for_stage(MERGE).with_own_output();
        // If there are several headers, none is forwarded.
        metadata.set(None);
        let feed = self.stem.map(|stem| stem.fuse(context.clone()));
        let mut inputs = Vec::new();
        let mut streams = Vec::new();
        for branch in self.boxed_branches {
            streams.push(branch.fuse(context.clone()));
            inputs.extend(context.parts().last());
        }
        let mut collect = FanIn::new(streams, self.order, WaitTimer::default());
        if let Some(feed) = feed {
            collect = collect.fed_by(feed);
        }
        own.tally_behind(inputs, collect).right_stream()
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        if let Some(refused) = self.refused {
            let work = Work::Here(Box::new(move |_, _| async { Err(refused) }.boxed()));
            return plan.node(MERGE.to_owned(), None, work);
        }
        if let Some(stem) = self.stem {
            stem.draw(plan);
        }
        let (opens, inputs): (Vec<_>, Vec<_>) = self
            .boxed_branches
            .into_iter()
            .map(|branch| (branch.open(), branch.draw(plan)))
            .unzip();
        let output = plan.edge();
        let order = self.order;
        let work = Work::Here(Box::new(move |ends, context| {
            let NodeEnds { readers, writers } = ends;
            async move {
                let Some(writer) = writers.into_iter().next() else {
                    let reason = "there is nothing to write to";
                    return Err(StageError::new(
                        StageError::BAD_REQUEST,
                        context.stage(),
                        reason,
                    ));
                };
                let readers = readers.into_iter().zip(opens).collect();
                serve_fan_in::<T, F>(readers, writer, order, context).await
            }
            .boxed()
        }));
        plan.junction(MERGE.to_owned(), inputs, vec![output], work);
        output
    }
}

impl<T, F> fmt::Debug for Merged<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Merged")
            .field("branches", &self.boxed_branches.len())
            .finish_non_exhaustive()
    }
}
