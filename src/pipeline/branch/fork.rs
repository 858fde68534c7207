use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::plan::{NodeEnds, Plan, Work};
use super::super::segment::Segment;
use super::input::InputSlot;
use crate::channel::{MessageQueue, Receiver, Sender, WaitTimer, local};
use crate::stage::{CatchPanic, Route, StageContext, StageError, fan_out, serve_fan_out};

/// The type-erased part before the branches, and how it passes items to them.
pub(super) trait BoxedFork: Send {
    fn names(&self, names: &mut Vec<String>);

    /// Connects the slots and returns the future that fills them.
    fn fuse(self: Box<Self>, context: StageContext) -> BoxFuture<'static, Result<(), StageError>>;

    /// Connects the slots to edges.
    fn draw(self: Box<Self>, plan: &mut Plan);
}

/// A pipeline that is passed to branches.
pub(super) struct Fork<P: Segment> {
    /// The name of the operator.
    pub(super) name: &'static str,
    pub(super) before: P,
    pub(super) route: Route<P::Out>,
    pub(super) slots: Vec<InputSlot<P::Out, P::Format>>,
}

impl<P: Segment> BoxedFork for Fork<P> {
    fn names(&self, names: &mut Vec<String>) {
        self.before.names(names);
    }

    fn fuse(self: Box<Self>, context: StageContext) -> BoxFuture<'static, Result<(), StageError>> {
        let Self {
            name,
            before,
            route,
            slots,
        } = *self;
        let input = CatchPanic::new(before.fuse(context.clone()));
        let own = context.for_stage(name);
        let fork = own.tally_fork();
        let outputs = slots
            .iter()
            .map(|slot| {
                let (put, out) = local();
                slot.join_local(Receiver::local(out, None), fork);
                Sender::<P::Out, P::Format>::local_unchecked(put, MessageQueue::default())
            })
            .collect();
        async move {
            let spreading = fan_out(
                input,
                outputs,
                route,
                WaitTimer::default(),
                MessageQueue::default(),
                &own,
            );
            let ended = AssertUnwindSafe(spreading).catch_unwind().await;
            ended.unwrap_or_else(|panic| Err(StageError::panicked(own.stage(), None, &*panic)))
        }
        .boxed()
    }

    fn draw(self: Box<Self>, plan: &mut Plan) {
        let input = self.before.draw(plan);
        let outputs: Vec<_> = self.slots.iter().map(|_| plan.edge()).collect();
        for (slot, edge) in self.slots.iter().zip(&outputs) {
            slot.join_edge(*edge);
        }
        let route = self.route;
        let work = Work::Here(Box::new(move |ends, context| {
            let NodeEnds { readers, writers } = ends;
            async move {
                let Some(reader) = readers.into_iter().next() else {
                    let reason = "there is nothing to read from";
                    return Err(StageError::new(
                        StageError::BAD_REQUEST,
                        context.stage(),
                        reason,
                    ));
                };
                serve_fan_out::<P::Out, P::Format>(reader, writers, route, context).await
            }
            .boxed()
        }));
        plan.junction(self.name.to_owned(), vec![input], outputs, work);
    }
}
