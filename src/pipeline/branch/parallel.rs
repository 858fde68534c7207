use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::super::then::Then;
use super::branch::{Branch, MainBranch};
use super::fork::Fork;
use super::input::BranchInput;
use super::merged::Merged;
use crate::stage::{IntoStage, KeepsOrder, Order, Route, Service, Stage, unordered};

/// Joined copies of a stage `S`.
type MergedCopies<S> = Merged<<S as Stage>::Out, <S as Stage>::OutFormat>;

impl<P: Segment> Pipeline<P> {
    /// Runs `copies` copies of a stage concurrently; outputs are in order of arrival.
    ///
    /// Each item goes to the next copy with room. A [`remote`](crate::remote) stage is triggered as
    /// many times. If its workers [share](crate::Registration::shared) it, the copies run on the
    /// least busy workers, and the report names them. Copies share no state. Within one process,
    /// the copies of [`run_local`](Self::run_local) take turns in one task, which helps stages that
    /// wait.
    ///
    /// # Panics
    ///
    /// Panics if `copies` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Pipeline, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// async fn look_up(id: u32) -> String {
    ///     tokio::task::yield_now().await; // asks a slow service
    ///     format!("user {id}")
    /// }
    ///
    /// let run = Pipeline::from_iter(0..100_u32).parallel(8, look_up).run_local();
    /// assert_eq!(run.collect::<Vec<String>>().await?.len(), 100);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn parallel<S, Form>(self, copies: usize, stage: S) -> Pipeline<MergedCopies<S::Stage>>
    where
        S: IntoStage<Form>,
        S::Stage: Stage<In = P::Out, InFormat = P::Format>,
    {
        self.copied(copies, &stage.into_stage(), Route::Room, Order::Arrival)
    }

    /// Like [`parallel`](Self::parallel), with outputs in the order of their inputs.
    ///
    /// The copies take turns. A turn has one item at first and up to 64 items when many are
    /// waiting. It ends with a message of the stream protocol, which the stage forwards in order. A
    /// slow copy holds back the others. How a stage runs depends on its kind:
    ///
    /// | stage | runs |
    /// |---|---|
    /// | on items, even with `concurrency` | in `copies` copies |
    /// | on items, `unordered` | not at all: the run fails with [`StageError::UNORDERED`](crate::stage::StageError::UNORDERED) |
    /// | on a `Receiver` and a `Sender`, with `#[pipeline_stage(ordered)]` | in `copies` copies; it writes the outputs of an item before it receives the next one |
    /// | on a `Receiver` and a `Sender`, or on bytes | in one copy, because it may read ahead |
    /// | [`remote`](crate::remote) | as its worker declares: in `copies` copies, or not at all |
    ///
    /// A function that is not a pipewright stage declares nothing and is rejected. If it forwards
    /// the messages of the stream protocol, declare that with
    /// [`Remote::keeping_order`](crate::Remote::keeping_order).
    ///
    /// # Panics
    ///
    /// Panics if `copies` is 0.
    pub fn parallel_ordered<S, Form>(
        self,
        copies: usize,
        stage: S,
    ) -> Pipeline<MergedCopies<S::Stage>>
    where
        S: IntoStage<Form>,
        S::Stage: Stage<In = P::Out, InFormat = P::Format>,
    {
        let stage = stage.into_stage();
        let facts = stage.facts();
        let copies = match facts.order {
            KeepsOrder::Alone => copies.min(1),
            KeepsOrder::Yes | KeepsOrder::No | KeepsOrder::Unknown => copies,
        };
        let refused = (facts.order == KeepsOrder::No)
            .then(|| unordered(&facts.id, "it outputs them in order of completion"));
        let mut pipeline = self.copied(copies, &stage, Route::turns(), Order::Turns);
        pipeline.head.refuse(refused);
        pipeline
    }

    fn copied<S>(
        mut self,
        copies: usize,
        stage: &S,
        route: Route<P::Out>,
        order: Order,
    ) -> Pipeline<MergedCopies<S>>
    where
        S: Stage<In = P::Out, InFormat = P::Format> + Service,
    {
        assert!(copies > 0, "a stage runs in one copy at the least");
        self.settings.needs(stage);
        let (boxed_branches, slots) = (0..copies)
            .map(|_| {
                let (branch_input, slot) = BranchInput::<P::Out, P::Format>::new();
                let branch = MainBranch(Then::copy(
                    branch_input,
                    stage.clone(),
                    order == Order::Turns,
                ));
                (Box::new(branch) as Box<dyn Branch<S::Out>>, slot)
            })
            .unzip();
        let stem = Fork {
            name: "parallel",
            before: self.head,
            route,
            slots,
        };
        Pipeline::with_settings(
            Merged::new(Some(Box::new(stem)), boxed_branches, order),
            self.settings,
        )
    }
}
