use std::future::{Future, ready};
use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;

use super::super::{Outputs, Params, Retry, Stage, StageContext};
use crate::channel::{BadItem, MessageQueue};
use crate::error::Error;

/// A stage that processes one item at a time.
///
/// Implemented by `#[pipeline_stage]` for a function of an item.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle one item at a time",
    label = "not a stage of single items",
    note = "policies, dead letters and retries are for functions of an item; a function of a \
            `Receiver` or a `Sender` handles errors itself",
    note = "policies come before a stage is composed: `parse.on_error(..).then(check)`"
)]
pub trait ItemStage: Stage {
    /// State that the stage keeps between items, created for each run.
    type State: Default + Send + 'static;
    /// The type of the parameters.
    type Params: Params + Send + Sync + 'static;
    /// The outputs of one item.
    type Outputs: Outputs<Item = Self::Out>;

    /// Number of items processed concurrently. If it is more than 1, the stage has no state.
    const CONCURRENCY: usize = 1;
    /// Whether outputs keep the order of their items.
    const ORDERED: bool = true;
    /// Whether calls use the context, and may therefore send messages.
    const USES_CONTEXT: bool = true;
    /// Whether a policy or dead letters are set.
    #[doc(hidden)]
    const IS_GUARDED: bool = false;

    /// Whether [`finish`](Self::finish) must be called.
    const FINISHES: bool = false;

    /// Processes an item synchronously. Available if the function is not `async`, returns at most
    /// one output, and does not use the context. It has the same effect as [`apply`](Self::apply).
    const AT_ONCE: Option<AtOnce<Self>> = None;

    /// Starts to process an item. The future takes or clones what it needs of `run`.
    fn apply(
        &self,
        item: Self::In,
        run: &mut ItemRun<Self::State, Self::Params>,
    ) -> impl Future<Output = Applied<Self::Outputs, Self::State>> + Send + 'static + use<Self>;

    /// Processes an item, and repeats this while it fails and `retry` allows it.
    ///
    /// A policy applies to the final failure.
    fn apply_again(
        &self,
        item: Self::In,
        run: &mut ItemRun<Self::State, Self::Params>,
        retry: Retry,
    ) -> impl Future<Output = Applied<Self::Outputs, Self::State>> + Send + 'static + use<Self>
    where
        Self::In: Clone + Sync,
    {
        again(self.clone(), item, run, retry)
    }

    /// Called once at the end of the input, after the last item. Returns the last outputs. Not
    /// called if the input fails, or if the reader of the output has left.
    fn finish(&self, _: &mut ItemRun<Self::State, Self::Params>) -> Result<Vec<Self::Out>, Error> {
        Ok(Vec::new())
    }

    /// Futures that a run awaits after it has dropped the stage, such as the end of its dead
    /// letters. They must be requested before the stage is dropped.
    fn ends(&self) -> Vec<BoxFuture<'static, Result<(), Error>>> {
        Vec::new()
    }

    /// Whether [`bad_item`](Self::bad_item) handles unreadable items, and the stage continues after
    /// them.
    fn is_for_bad_items(&self) -> bool {
        false
    }

    /// Handles an unreadable item.
    fn bad_item(&self, bad: BadItem, _: &StageContext) -> BoxFuture<'static, Result<(), Error>> {
        ready(Err(bad.into())).boxed()
    }
}

/// The state of one run of an [`ItemStage`].
#[derive(Debug)]
pub struct ItemRun<S, P> {
    /// `None` before the first call that needs it. A call uses it in place, or takes it and returns
    /// it with its result.
    pub state: Option<S>,
    /// The parameters.
    pub params: Arc<P>,
    /// The context of the run.
    pub context: StageContext,
    /// Number of the item, from 0; one less before the first.
    pub number: u64,
}

impl<S, P> ItemRun<S, P> {
    pub(super) fn new(params: P, context: StageContext) -> Self {
        Self {
            state: None,
            params: Arc::new(params),
            context,
            number: u64::MAX,
        }
    }
}

/// Processes an item synchronously and returns its output, `None` or an error.
pub type AtOnce<G> =
    fn(&G, <G as Stage>::In, &mut RunOf<G>) -> Result<Option<<G as Stage>::Out>, Error>;

/// Returns the state of a run of `G`, in place.
#[inline]
pub fn state<G: ItemStage>(place: &mut Option<G::State>) -> &mut G::State {
    place.get_or_insert_default()
}

/// Takes the state of a run of `G`; [`Applied`] returns it.
#[inline]
pub fn take_state<G: ItemStage>(place: &mut Option<G::State>) -> G::State {
    place.take().unwrap_or_default()
}

/// The result of one call.
#[derive(Debug)]
pub struct Applied<O, S> {
    /// The outputs of the item.
    pub outputs: Result<O, Error>,
    /// The state, if the call took it.
    pub state: Option<S>,
}

impl<O, S> Applied<O, S> {
    /// The result of a call that did not take the state.
    #[inline]
    pub fn stateless(outputs: Result<O, Error>) -> Self {
        Self {
            outputs,
            state: None,
        }
    }
}

/// The run of a stage `G`.
pub type RunOf<G> = ItemRun<<G as ItemStage>::State, <G as ItemStage>::Params>;

/// Applies a stage to an item repeatedly.
///
/// Messages of a call are sent when the call has succeeded or is the last one. Messages of a
/// repeated call are dropped, because the next call sends them again.
pub(in crate::stage) fn again<G>(
    stage: G,
    item: G::In,
    run: &mut RunOf<G>,
    mut retry: Retry,
) -> impl Future<Output = Applied<G::Outputs, G::State>> + Send + 'static + use<G>
where
    G: ItemStage<In: Clone + Sync>,
{
    let context = run.context.clone();
    // A call may leave the state in place, so use a state that outlives the individual calls.
    let mut run = ItemRun {
        state: run.state.take(),
        params: Arc::clone(&run.params),
        context: context.clone(),
        number: run.number,
    };
    async move {
        loop {
            let mut said = Held::new(context.message_queue().clone());
            run.context = context.with_aside(said.message_queue.clone());
            let applied = stage.apply(item.clone(), &mut run).await;
            if applied.state.is_some() {
                run.state = applied.state;
            }
            let outputs = applied.outputs;
            let wait = if outputs.is_err() {
                retry.next_wait()
            } else {
                None
            };
            let Some(wait) = wait else {
                return Applied {
                    outputs,
                    state: run.state,
                };
            };
            said.is_dropped = true;
            drop((said, outputs));
            tokio::time::sleep(wait).await;
        }
    }
}

/// The messages of a call, until it is known whether the call is repeated.
struct Held {
    message_queue: MessageQueue,
    to: MessageQueue,
    is_dropped: bool,
}

impl Held {
    fn new(to: MessageQueue) -> Self {
        Self {
            message_queue: MessageQueue::default(),
            to,
            is_dropped: false,
        }
    }
}

/// Also runs if the call panics or is cancelled: its messages are forwarded.
impl Drop for Held {
    fn drop(&mut self) {
        if self.is_dropped {
            self.message_queue.discard();
        } else {
            self.message_queue.forward_to(&self.to);
        }
    }
}
