use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::super::then::Then;
use super::inlet::Inlet;
use super::lane::{Lane, Main};
use super::merged::Merged;
use super::stem::Fork;
use crate::stage::{IntoStage, Order, Route, Stage};

/// Copies of a stage `S`, come together.
type MergedCopies<S> = Merged<<S as Stage>::Out, <S as Stage>::OutFormat>;

impl<P: Segment> Pipeline<P> {
    /// Runs `copies` of a stage side by side; what comes out is in the order in which the copies
    /// give it.
    ///
    /// Each item goes to the next copy that has room for it. A stage that is
    /// [`remote`](crate::remote) is triggered as many times, and whether that is on several
    /// workers is up to the engine. Copies share no state. Within one process the copies of
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
    /// waiting, with a message between turns that the stage passes on as any message of a user. So
    /// the order holds for stages that handle one item after the other, in any language, and for
    /// those with `concurrency` if they are ordered. A copy that is slow holds back the others.
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
        self.copied(copies, &stage.into_stage(), Route::turns(), Order::Turns)
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
                let lane = Main(Then::new(inlet, stage.clone()));
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
