use std::fmt;
use std::hash::Hash;
use std::marker::PhantomData;

use futures::{FutureExt, Stream, StreamExt};

use super::super::pipeline::Pipeline;
use super::super::plan::{Edge, NodeEnds, Plan, Work};
use super::super::segment::Segment;
use super::broadcast::begin;
use super::fork::{BoxedFork, Fork};
use super::input::BranchInput;
use crate::channel::WaitTimer;
use crate::codec::{Decode, Encode, Json};
use crate::stage::{
    Both, CatchPanic, FanIn, Flow, JoinWithin, Order, Pairing, Route, StageContext, StageError,
    WithinTable, Zip, fuse_pair, serve_pair,
};

/// Two pipelines of different types, joined by [`Pipeline::zip`], [`Pipeline::join`] or
/// [`Pipeline::fork_join`].
pub struct Paired<P, Q, J, F> {
    /// The name in reports and errors.
    name: &'static str,
    /// The common part before the two pipelines; `None` for separate pipelines.
    stem: Option<Box<dyn BoxedFork>>,
    left: P,
    right: Q,
    pairing: J,
    format: PhantomData<fn() -> F>,
}

impl<P: Segment> Pipeline<P> {
    /// Returns the items of this pipeline and of `other` in pairs, until one of them ends. The
    /// other one is then stopped, which is not a failure.
    ///
    /// Each pipeline waits for the other one. The earlier deadline and the first metadata apply.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::Pipeline;
    ///
    /// let names = Pipeline::from_iter(["a", "b"].map(String::from));
    /// let pairs = Pipeline::from_iter(1..).zip(names).run_local();
    /// let pairs: Vec<(u32, String)> = pairs.collect().await?;
    /// assert_eq!(pairs, [(1, "a".to_owned()), (2, "b".to_owned())]);
    /// # Ok(()) }
    /// ```
    #[allow(
        clippy::type_complexity,
        reason = "a type that is named in one place only"
    )]
    pub fn zip<Q: Segment>(
        self,
        other: Pipeline<Q>,
    ) -> Pipeline<
        Paired<P, Q, impl Pairing<P::Out, Q::Out, Out = (P::Out, Q::Out)> + use<P, Q>, Json>,
    > {
        self.pair("zip", other, Zip::new())
    }

    /// Returns each pair of an item of this pipeline and an item of `other` that have equal keys
    /// and are close in time; see [`JoinWithin`]. An item may be in several pairs, or in none.
    ///
    /// Only the timestamps in the items count. A pipeline that is ahead waits for the other one, so
    /// only items within the time limit are held in memory.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::time::Duration;
    /// use pipewright::{JoinWithin, Pipeline};
    ///
    /// // The customer, and the second.
    /// let orders = Pipeline::from_iter([('a', 1), ('b', 2), ('a', 90)]);
    /// let payments = Pipeline::from_iter([('b', 4), ('a', 8)]);
    /// let of = |(who, at): &(char, u64)| (*who, Duration::from_secs(*at));
    /// let run = orders.join(payments, JoinWithin::new(Duration::from_secs(30), of, of)).run_local();
    /// let mut paid: Vec<_> = run.collect().await?;
    /// paid.sort();
    /// assert_eq!(paid, [(('a', 1), ('a', 8)), (('b', 2), ('b', 4))]);
    /// # Ok(()) }
    /// ```
    #[allow(
        clippy::type_complexity,
        reason = "a type that is named in one place only"
    )]
    pub fn join<Q, K>(
        self,
        other: Pipeline<Q>,
        join: JoinWithin<P::Out, Q::Out, K>,
    ) -> Pipeline<
        Paired<P, Q, impl Pairing<P::Out, Q::Out, Out = (P::Out, Q::Out)> + use<P, Q, K>, Json>,
    >
    where
        P::Out: Clone,
        Q: Segment<Out: Clone>,
        K: Eq + Hash + Clone + Send + 'static,
    {
        self.pair("join", other, WithinTable::new(join))
    }

    fn pair<Q, J>(
        mut self,
        name: &'static str,
        other: Pipeline<Q>,
        pairing: J,
    ) -> Pipeline<Paired<P, Q, J, Json>> {
        self.settings.absorb(other.settings);
        let paired = Paired {
            name,
            stem: None,
            left: self.head,
            right: other.head,
            pairing,
            format: PhantomData,
        };
        Pipeline::with_settings(paired, self.settings)
    }

    /// Sends every item to two branches, which may have different output types, and joins their
    /// single results into a pair.
    ///
    /// Each branch must output exactly one item: it ends with [`fold`](Self::fold), or with a stage
    /// that receives a stream and returns a value. Otherwise the run fails. For more branches, nest
    /// calls: the pair is then `(A, (B, C))`.
    ///
    /// # Panics
    ///
    /// Panics if a closure returns a pipeline that does not start with its argument.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Pipeline, Receiver, Result, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// async fn sum(mut numbers: Receiver<u64>) -> Result<u64> {
    ///     let mut sum = 0;
    ///     while let Some(number) = numbers.recv().await? {
    ///         sum += number;
    ///     }
    ///     Ok(sum)
    /// }
    ///
    /// #[pipeline_stage]
    /// async fn longest(mut numbers: Receiver<u64>) -> Result<String> {
    ///     let mut longest = String::new();
    ///     while let Some(number) = numbers.recv().await? {
    ///         longest = longest.max(number.to_string());
    ///     }
    ///     Ok(longest)
    /// }
    ///
    /// let run = Pipeline::from_iter(1..=4_u64)
    ///     .fork_join(|numbers| numbers.then(sum), |numbers| numbers.then(longest))
    ///     .run_local();
    /// let (sum, longest): (u64, String) = run.value().await?;
    /// assert_eq!((sum, &*longest), (10, "4"));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    #[allow(
        clippy::type_complexity,
        reason = "a type that is named in one place only"
    )]
    pub fn fork_join<L, R>(
        mut self,
        left: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<L>,
        right: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<R>,
    ) -> Pipeline<Paired<L, R, impl Pairing<L::Out, R::Out, Out = (L::Out, R::Out)>, Json>>
    where
        P::Out: Clone,
        L: Segment,
        R: Segment,
    {
        let (left, left_slot) = begin(&mut self.settings, left);
        let (right, right_slot) = begin(&mut self.settings, right);
        let stem = Fork {
            name: "fork",
            before: self.head,
            route: Route::Everywhere(Clone::clone),
            slots: vec![left_slot, right_slot],
        };
        let paired = Paired {
            name: "join",
            stem: Some(Box::new(stem)),
            left,
            right,
            pairing: Both::new(),
            format: PhantomData,
        };
        Pipeline::with_settings(paired, self.settings)
    }
}

impl<P, Q, J, F> Pipeline<Paired<P, Q, J, F>> {
    /// Sets the format of the pairs over a channel; default: `Json`.
    pub fn format<G>(self) -> Pipeline<Paired<P, Q, J, G>> {
        self.map_head(|head| Paired {
            name: head.name,
            stem: head.stem,
            left: head.left,
            right: head.right,
            pairing: head.pairing,
            format: PhantomData,
        })
    }
}

impl<P, Q, J, F> Segment for Paired<P, Q, J, F>
where
    P: Segment,
    Q: Segment,
    J: Pairing<P::Out, Q::Out>,
    F: Encode<J::Out> + Decode<J::Out>,
{
    type Out = J::Out;
    type Format = F;

    fn names(&self, names: &mut Vec<String>) {
        if let Some(stem) = &self.stem {
            stem.names(names);
        }
        self.left.names(names);
        self.right.names(names);
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<J::Out>> + Send + 'static {
        let own = context.for_stage(self.name);
        let feed = self.stem.map(|stem| stem.fuse(context.clone()));
        let left = CatchPanic::new(self.left.fuse(context.clone())).boxed();
        let mut inputs: Vec<_> = context.parts().last().into_iter().collect();
        let right = CatchPanic::new(self.right.fuse(context.clone())).boxed();
        inputs.extend(context.parts().last());
        let paired = fuse_pair::<_, _, _, F>(self.pairing, left, right, &own);
        // A single stream, with the fork that feeds it.
        let streams = [CatchPanic::new(paired).boxed()];
        let mut paired = FanIn::new(streams, Order::Arrival, WaitTimer::default());
        if let Some(feed) = feed {
            paired = paired.fed_by(feed);
        }
        own.tally_behind(inputs, paired)
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        if let Some(stem) = self.stem {
            stem.draw(plan);
        }
        let inputs = vec![self.left.draw(plan), self.right.draw(plan)];
        let output = plan.edge();
        let pairing = self.pairing;
        let work = Work::Here(Box::new(move |ends, context| {
            let NodeEnds { readers, writers } = ends;
            async move {
                let readers = <[_; 2]>::try_from(readers).ok();
                let Some((readers, writer)) = readers.zip(writers.into_iter().next()) else {
                    let reason = "a join reads two streams and writes one";
                    let stage = context.stage();
                    return Err(StageError::new(StageError::BAD_REQUEST, stage, reason));
                };
                serve_pair::<P::Out, P::Format, Q::Out, Q::Format, J, F>(
                    pairing, readers, writer, context,
                )
                .await
            }
            .boxed()
        }));
        plan.junction(self.name.to_owned(), inputs, vec![output], work);
        output
    }
}

impl<P, Q, J, F> fmt::Debug for Paired<P, Q, J, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paired")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
