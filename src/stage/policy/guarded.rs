use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use futures::{FutureExt, Stream};
use pin_project::pin_project;

use super::Remedy;
use crate::channel::BadItem;
use crate::error::{Error, Result};
use crate::stage::{
    Applied, Ends, Flow, ItemRun, ItemStage, Outputs, Service, Stage, StageContext, StageError,
    StageInfo, StageReport, items,
};

/// A stage with a remedy for items that it cannot handle; see
/// [`ItemStageExt`](super::ItemStageExt).
#[derive(Clone, Debug)]
pub struct Guarded<G, R> {
    stage: G,
    remedy: R,
}

impl<G, R> Guarded<G, R> {
    pub(super) fn new(stage: G, remedy: R) -> Self {
        Self { stage, remedy }
    }

    /// The stage below.
    pub fn get_ref(&self) -> &G {
        &self.stage
    }

    /// The stage below.
    pub fn get_mut(&mut self) -> &mut G {
        &mut self.stage
    }

    /// The stage below; the inverse are the methods of [`ItemStageExt`](super::ItemStageExt).
    pub fn into_inner(self) -> G {
        self.stage
    }
}

#[diagnostic::do_not_recommend]
impl<G, R> Stage for Guarded<G, R>
where
    G: ItemStage,
    R: Remedy<G::In>,
{
    type In = G::In;
    type Out = G::Out;
    type InFormat = G::InFormat;
    type OutFormat = G::OutFormat;

    fn id(&self) -> String {
        self.stage.id()
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<G::In>> + Send + 'static,
    {
        items::fuse(self, input, context)
    }

    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        items::serve(self, ends, context)
    }
}

impl<G, R> Service for Guarded<G, R>
where
    G: ItemStage,
    R: Remedy<G::In>,
{
    fn service_id(&self) -> String {
        self.id()
    }

    fn service_info(&self) -> StageInfo {
        Stage::info(self)
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}

impl<G, R> ItemStage for Guarded<G, R>
where
    G: ItemStage,
    R: Remedy<G::In>,
{
    type State = G::State;
    type Params = G::Params;
    type Outputs = Tried<G::Outputs, R, G::In>;

    const CONCURRENCY: usize = G::CONCURRENCY;
    const ORDERED: bool = G::ORDERED;
    const USES_CONTEXT: bool = G::USES_CONTEXT;

    fn apply(
        &self,
        item: G::In,
        run: &mut ItemRun<G::State, G::Params>,
    ) -> impl Future<Output = Applied<Self::Outputs, G::State>> + Send + 'static + use<G, R> {
        let attempt = Attempt {
            remedy: self.remedy.clone(),
            kept: self.remedy.keep(&item),
            context: run.context.clone(),
            number: run.number,
        };
        let call = self.stage.apply(item, run);
        async move {
            let Applied { outputs, state } = call.await;
            let outputs = match outputs {
                Ok(outputs) => Ok(Tried::Giving(outputs, Some(attempt))),
                Err(error) => attempt.give_up(error).await.map(|()| Tried::Done),
            };
            Applied { outputs, state }
        }
    }

    fn bad_item(&self, bad: BadItem, context: &StageContext) -> BoxFuture<'static, Result<()>> {
        let dealt = self.remedy.bad(bad, context.stage());
        let context = context.clone();
        async move {
            dealt.await?;
            context.skip();
            Ok(())
        }
        .boxed()
    }

    fn is_for_bad_items(&self) -> bool {
        self.remedy.is_for_bad_items()
    }
}

/// An item that is being handled.
pub struct Attempt<R: Remedy<In>, In> {
    remedy: R,
    kept: R::Kept,
    context: StageContext,
    number: u64,
}

impl<R: Remedy<In>, In> Attempt<R, In> {
    fn give_up(self, error: Error) -> BoxFuture<'static, Result<()>> {
        let Self {
            remedy,
            kept,
            context,
            number,
        } = self;
        let dealt = remedy.failed(kept, context.stage(), number, error);
        async move {
            dealt.await?;
            context.skip();
            Ok(())
        }
        .boxed()
    }
}

/// What a guarded stage makes of an item. What it gave before an error stays given.
#[pin_project(project = Trying)]
pub enum Tried<O, R: Remedy<In>, In> {
    /// The stage's own outputs, and what to do should one of them fail.
    Giving(#[pin] O, Option<Attempt<R, In>>),
    /// One has failed.
    GivingUp(BoxFuture<'static, Result<()>>),
    /// There are no more.
    Done,
}

impl<O, R, In> Outputs for Tried<O, R, In>
where
    O: Outputs,
    R: Remedy<In>,
    In: 'static,
{
    type Item = O::Item;

    const LAZY: bool = O::LAZY;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<O::Item>>> {
        loop {
            let next = match self.as_mut().project() {
                Trying::Giving(outputs, attempt) => {
                    match (ready!(outputs.poll_next(cx)), attempt.take()) {
                        (Some(Err(error)), Some(attempt)) => Self::GivingUp(attempt.give_up(error)),
                        (given, still) => {
                            *attempt = still;
                            return Poll::Ready(given);
                        }
                    }
                }
                Trying::GivingUp(given_up) => match ready!(given_up.as_mut().poll(cx)) {
                    Ok(()) => Self::Done,
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Trying::Done => return Poll::Ready(None),
            };
            self.set(next);
        }
    }
}
