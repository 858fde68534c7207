use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::FutureExt;
use futures::future::BoxFuture;
use pin_project::pin_project;

use super::layer::{Called, Layer};
use super::{ErrorHandling, Retry};
use crate::channel::BadItem;
use crate::error::{Error, Result};
use crate::stage::items::RunOf;
use crate::stage::{Applied, ItemStage, Outputs, StageContext};

/// A stage with a policy for items that it cannot process; see
/// [`ItemStageExt`](super::ItemStageExt).
#[derive(Clone, Debug)]
pub struct OnError<G, R> {
    stage: G,
    remedy: R,
}

impl<G, R> OnError<G, R> {
    pub(super) fn new(stage: G, remedy: R) -> Self {
        Self { stage, remedy }
    }

    /// Returns the inner stage.
    pub fn get_ref(&self) -> &G {
        &self.stage
    }

    /// Returns the inner stage.
    pub fn get_mut(&mut self) -> &mut G {
        &mut self.stage
    }

    /// Returns the inner stage; the inverses are the methods of
    /// [`ItemStageExt`](super::ItemStageExt).
    pub fn into_inner(self) -> G {
        self.stage
    }
}

impl<G, R> Layer for OnError<G, R>
where
    G: ItemStage,
    R: ErrorHandling<G::In>,
{
    type Below = G;
    type Outputs = OnErrorOutputs<G::Outputs, R, G::In>;

    const IS_GUARDED: bool = true;

    fn below(&self) -> &G {
        &self.stage
    }

    fn call(
        &self,
        item: G::In,
        run: &mut RunOf<G>,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<G, R> {
        let attempt = self.attempt(&item, run);
        attempt.of(self.stage.apply(item, run))
    }

    /// The policy applies to the final failure.
    fn call_again(
        &self,
        item: G::In,
        run: &mut RunOf<G>,
        retry: Retry,
    ) -> impl Future<Output = Called<Self>> + Send + 'static + use<G, R>
    where
        G::In: Clone + Sync,
    {
        let attempt = self.attempt(&item, run);
        attempt.of(self.stage.apply_again(item, run, retry))
    }

    fn ends(&self) -> Vec<BoxFuture<'static, Result<()>>> {
        let mut ends = self.stage.ends();
        ends.extend(self.remedy.end());
        ends
    }

    fn is_for_bad_items(&self) -> bool {
        self.remedy.is_for_bad_items()
    }

    fn bad_item(&self, bad: BadItem, context: &StageContext) -> BoxFuture<'static, Result<()>> {
        let dealt = self.remedy.bad(bad, context.stage());
        let context = context.clone();
        async move {
            dealt.await?;
            context.skip(R::DEAD_LETTERS);
            Ok(())
        }
        .boxed()
    }
}

impl<G, R> OnError<G, R>
where
    G: ItemStage,
    R: ErrorHandling<G::In>,
{
    fn attempt(&self, item: &G::In, run: &RunOf<G>) -> Attempt<R, G::In> {
        Attempt {
            remedy: self.remedy.clone(),
            kept: self.remedy.keep(item),
            context: run.context.clone(),
            number: run.number,
        }
    }
}

/// An item that is being processed.
pub struct Attempt<R: ErrorHandling<In>, In> {
    remedy: R,
    kept: R::Kept,
    context: StageContext,
    number: u64,
}

impl<R: ErrorHandling<In>, In> Attempt<R, In> {
    /// The result of `call`, with the policy applied to its failure or that of its outputs.
    async fn of<O, S>(
        self,
        call: impl Future<Output = Applied<O, S>>,
    ) -> Applied<OnErrorOutputs<O, R, In>, S> {
        let Applied { outputs, state } = call.await;
        let outputs = match outputs {
            Ok(outputs) => Ok(OnErrorOutputs::Giving(outputs, Some(self))),
            Err(error) => self.give_up(error).await.map(|()| OnErrorOutputs::Done),
        };
        Applied { outputs, state }
    }

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
            context.skip(R::DEAD_LETTERS);
            Ok(())
        }
        .boxed()
    }
}

/// The outputs of a stage with error handling, for one item. Outputs before an error are kept.
#[pin_project(project = Trying)]
pub enum OnErrorOutputs<O, R: ErrorHandling<In>, In> {
    /// The stage's own outputs, and the policy if one of them fails.
    Giving(#[pin] O, Option<Attempt<R, In>>),
    /// An output has failed.
    GivingUp(BoxFuture<'static, Result<()>>),
    /// There are no more outputs.
    Done,
}

impl<O, R, In> Outputs for OnErrorOutputs<O, R, In>
where
    O: Outputs,
    R: ErrorHandling<In>,
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
