use std::fmt;
use std::marker::PhantomData;

use super::super::pipeline::{Pipeline, Settings};
use super::super::segment::Segment;
use super::inlet::{Inlet, Slot};
use super::lane::{Lane, Main, Side};
use super::merged::Merged;
use super::stem::Fork;
use crate::codec::{Decode, Encode};
use crate::stage::{Order, Route};

/// A pipeline whose items go to several branches; see [`Pipeline::broadcast`].
#[must_use = "branches do nothing until they are merged and the pipeline is run"]
pub struct Broadcast<P: Segment, T, F> {
    before: P,
    settings: Settings,
    slots: Vec<Slot<P::Out, P::Format>>,
    lanes: Vec<Box<dyn Lane<T>>>,
    format: PhantomData<fn() -> F>,
}

impl<P> Pipeline<P>
where
    P: Segment<Out: Clone>,
{
    /// Gives every item to each of several branches, which [`merge`](Broadcast::merge) brings
    /// together again.
    ///
    /// What comes out is in the order in which the branches give it; each branch's own order is
    /// kept. A slow branch holds back the others.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Pipeline, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn double(n: u32) -> u32 {
    ///     n * 2
    /// }
    ///
    /// let run = Pipeline::from_iter(1..=3_u32)
    ///     .broadcast()
    ///     .branch(|numbers| numbers)
    ///     .branch(|numbers| numbers.then(double))
    ///     .merge()
    ///     .run_local();
    /// let mut all: Vec<u32> = run.collect().await?;
    /// all.sort();
    /// assert_eq!(all, [1, 2, 2, 3, 4, 6]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn broadcast<T, F>(self) -> Broadcast<P, T, F> {
        Broadcast {
            before: self.head,
            settings: self.settings,
            slots: Vec::new(),
            lanes: Vec::new(),
            format: PhantomData,
        }
    }

    /// Gives every item to a side branch as well, most often one that ends in a consumer; the
    /// pipeline goes on as it was.
    ///
    /// The run is over when the side branch is, too, and fails if it does. A slow side branch
    /// holds back the pipeline. Messages go to the side branch as well, and none comes back from
    /// it.
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::{Pipeline, Receiver, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// async fn archive(mut numbers: Receiver<u32>) -> pipewright::Result<()> {
    ///     while let Some(number) = numbers.recv().await? {
    ///         println!("archived {number}");
    ///     }
    ///     Ok(())
    /// }
    ///
    /// let run = Pipeline::from_iter(1..=3_u32)
    ///     .tee(|numbers| numbers.consume(archive))
    ///     .run_local();
    /// assert_eq!(run.collect::<Vec<u32>>().await?, [1, 2, 3]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn tee<B>(
        self,
        side: impl FnOnce(Pipeline<Inlet<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Pipeline<Merged<P::Out, P::Format>>
    where
        B: Segment<Out = ()>,
    {
        self.broadcast().branch(|items| items).side(side).merge()
    }
}

impl<P, T, F> Broadcast<P, T, F>
where
    P: Segment<Out: Clone>,
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    /// Adds a branch: the closure gets its beginning and gives the whole.
    ///
    /// Branches may end in any stage, as long as the same type comes out of all, or each in a
    /// consumer. A deadline or metadata that a branch sets counts for the whole pipeline, unless
    /// that has an earlier deadline, or metadata.
    ///
    /// # Panics
    ///
    /// When the closure gives a pipeline that does not begin with what it got.
    pub fn branch<B>(
        mut self,
        branch: impl FnOnce(Pipeline<Inlet<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Self
    where
        B: Segment<Out = T, Format = F>,
    {
        let head = self.begin(branch);
        self.lanes.push(Box::new(Main(head)));
        self
    }

    /// Adds a branch that nothing comes out of: one that ends in a consumer, beside branches that
    /// end in stages.
    ///
    /// # Panics
    ///
    /// As [`branch`](Self::branch).
    pub fn side<B>(
        mut self,
        branch: impl FnOnce(Pipeline<Inlet<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Self
    where
        B: Segment<Out = ()>,
    {
        let head = self.begin(branch);
        self.lanes.push(Box::new(Side(head)));
        self
    }

    fn begin<B>(
        &mut self,
        branch: impl FnOnce(Pipeline<Inlet<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> B {
        let (head, slot) = begin(&mut self.settings, branch);
        self.slots.push(slot);
        head
    }

    /// Brings the branches together: what each gives, as it comes.
    ///
    /// # Panics
    ///
    /// When there is no branch.
    pub fn merge(self) -> Pipeline<Merged<T, F>> {
        assert!(!self.lanes.is_empty(), "a broadcast needs a branch");
        let stem = Fork {
            name: "broadcast",
            before: self.before,
            route: Route::Everywhere(Clone::clone),
            slots: self.slots,
        };
        let merged = Merged::new(Some(Box::new(stem)), self.lanes, Order::Arrival);
        Pipeline::with_settings(merged, self.settings)
    }
}

/// Has `branch` add the rest of a branch to a new inlet.
pub(super) fn begin<T, F, B>(
    settings: &mut Settings,
    branch: impl FnOnce(Pipeline<Inlet<T, F>>) -> Pipeline<B>,
) -> (B, Slot<T, F>)
where
    F: Encode<T> + Decode<T>,
{
    let (inlet, slot) = Inlet::new();
    let branch = branch(Pipeline::with_settings(inlet, Settings::default()));
    assert!(
        slot.is_used(),
        "a branch must begin with what its closure gets, and end in what the closure gives"
    );
    settings.absorb(branch.settings);
    (branch.head, slot)
}

impl<P: Segment, T, F> fmt::Debug for Broadcast<P, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("branches", &self.lanes.len())
            .finish_non_exhaustive()
    }
}
