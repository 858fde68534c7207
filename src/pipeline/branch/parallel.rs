use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::super::then::Then;
use super::inlet::Inlet;
use super::lane::{Lane, Main};
use super::merged::Merged;
use super::stem::Fork;
use crate::stage::{IntoStage, KeepsOrder, Order, Route, Stage, unordered};

/// Copies of a stage `S`, come together.
type MergedCopies<S> = Merged<<S as Stage>::Out, <S as Stage>::OutFormat>;

impl<P: Segment> Pipeline<P> {
    /// Runs `copies` of a stage side by side; what comes out is in the order in which the copies
    /// give it.
    ///
    /// Each item goes to the next copy that has room for it. A stage that is
    /// [`remote`](crate::remote) is triggered as many times. If its workers
    /// [share](crate::Registration::shared) it, the copies run on the least busy of them, and the
    /// report of the run says on which. Copies share no state. Within one process the copies of
    /// [`run_local`](Self::run_local) take turns in one task, which is of use to stages that wait.
    ///
    /// # Panics
    ///
    /// When `copies` is 0.
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

    /// As [`parallel`](Self::parallel), with the outputs in the order of their inputs.
    ///
    /// The copies take turns: some items each, one at the beginning and up to 64 when many are
    /// waiting, with a message of the stream protocol at the end of each turn that the stage passes
    /// on in its place. A copy that is slow holds back the others. What a stage does with the
    /// order decides how it runs:
    ///
    /// | stage | runs |
    /// |---|---|
    /// | of items, also with `concurrency` | in `copies` copies |
    /// | of items, `unordered` | not: the run fails with [`StageError::UNORDERED`](crate::stage::StageError::UNORDERED) |
    /// | of a `Receiver` and a `Sender` with `#[pipeline_stage(ordered)]` | in `copies` copies; it writes the outputs of an item before it receives the next one |
    /// | of a `Receiver` and a `Sender`, of bytes | in one copy, because it may read ahead |
    /// | [`remote`](crate::remote) | as its worker declares it: in `copies` copies, or not at all |
    ///
    /// A function that is no stage of pipewright declares nothing, and is refused. One that passes
    /// on the messages of the stream protocol can be declared with
    /// [`Remote::keeping_order`](crate::Remote::keeping_order).
    ///
    /// # Panics
    ///
    /// When `copies` is 0.
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
        let refused = (facts.order == KeepsOrder::No).then(|| {
            unordered(
                &facts.id,
                "it gives them in the order in which they are done",
            )
        });
        let mut pipeline = self.copied(copies, &stage, Route::turns(), Order::Turns);
        pipeline.head.refuse(refused);
        pipeline
    }

    fn copied<S>(
        self,
        copies: usize,
        stage: &S,
        route: Route<P::Out>,
        order: Order,
    ) -> Pipeline<MergedCopies<S>>
    where
        S: Stage<In = P::Out, InFormat = P::Format>,
    {
        assert!(copies > 0, "a stage runs in one copy at the least");
        let (lanes, slots) = (0..copies)
            .map(|_| {
                let (inlet, slot) = Inlet::<P::Out, P::Format>::new();
                let lane = Main(Then::copy(inlet, stage.clone(), order == Order::Turns));
                (Box::new(lane) as Box<dyn Lane<S::Out>>, slot)
            })
            .unzip();
        let stem = Fork {
            name: "parallel",
            before: self.head,
            route,
            slots,
        };
        Pipeline::with_settings(
            Merged::new(Some(Box::new(stem)), lanes, order),
            self.settings,
        )
    }
}
