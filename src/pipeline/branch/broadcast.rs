use std::fmt;
use std::marker::PhantomData;

use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::super::settings::Settings;
use super::branch::{Branch, MainBranch, SideBranch};
use super::fork::Fork;
use super::input::{BranchInput, InputSlot};
use super::merged::Merged;
use crate::codec::{Decode, Encode};
use crate::stage::{Order, Route};

/// A pipeline whose items are copied to several branches; see [`Pipeline::broadcast`].
#[must_use = "branches do nothing until they are merged and the pipeline is run"]
pub struct Broadcast<P: Segment, T, F> {
    before: P,
    settings: Settings,
    slots: Vec<InputSlot<P::Out, P::Format>>,
    boxed_branches: Vec<Box<dyn Branch<T>>>,
    format: PhantomData<fn() -> F>,
}

impl<P> Pipeline<P>
where
    P: Segment<Out: Clone>,
{
    /// Sends every item to each of several branches, which [`merge`](Broadcast::merge) joins again.
    ///
    /// Outputs are in order of arrival; each branch keeps its own order. A slow branch holds back
    /// the others.
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
            boxed_branches: Vec::new(),
            format: PhantomData,
        }
    }

    /// Also sends every item to a side branch, which usually ends in a consumer. The items of the
    /// pipeline itself do not change.
    ///
    /// The run ends when the side branch has ended too, and fails if the side branch fails. A slow
    /// side branch holds back the pipeline. Messages are sent to the side branch as well, and none
    /// are returned from it.
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
        side: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<B>,
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
    /// Adds a branch. The closure receives the start of the branch and returns the complete branch.
    ///
    /// The branches may end in any stage with the same output type, or each in a consumer. A
    /// deadline or metadata set by a branch applies to the whole pipeline, unless the pipeline has
    /// an earlier deadline, or metadata of its own.
    ///
    /// # Panics
    ///
    /// Panics if the closure returns a pipeline that does not start with its argument.
    pub fn branch<B>(
        mut self,
        branch: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Self
    where
        B: Segment<Out = T, Format = F>,
    {
        let head = self.begin(branch);
        self.boxed_branches.push(Box::new(MainBranch(head)));
        self
    }

    /// Adds a branch without outputs: one that ends in a consumer, next to branches that end in
    /// stages.
    ///
    /// # Panics
    ///
    /// Same as [`branch`](Self::branch).
    pub fn side<B>(
        mut self,
        branch: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Self
    where
        B: Segment<Out = ()>,
    {
        let head = self.begin(branch);
        self.boxed_branches.push(Box::new(SideBranch(head)));
        self
    }

    fn begin<B>(
        &mut self,
        branch: impl FnOnce(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> B {
        let (head, slot) = begin(&mut self.settings, branch);
        self.slots.push(slot);
        head
    }

    /// Joins the branches; their outputs are in order of arrival.
    ///
    /// # Panics
    ///
    /// Panics if there is no branch.
    pub fn merge(self) -> Pipeline<Merged<T, F>> {
        assert!(
            !self.boxed_branches.is_empty(),
            "a broadcast needs a branch"
        );
        let stem = Fork {
            name: "broadcast",
            before: self.before,
            route: Route::Everywhere(Clone::clone),
            slots: self.slots,
        };
        let merged = Merged::new(Some(Box::new(stem)), self.boxed_branches, Order::Arrival);
        Pipeline::with_settings(merged, self.settings)
    }
}

/// Calls `branch` with a new [`BranchInput`] and returns the complete branch.
pub(super) fn begin<T, F, B>(
    settings: &mut Settings,
    branch: impl FnOnce(Pipeline<BranchInput<T, F>>) -> Pipeline<B>,
) -> (B, InputSlot<T, F>)
where
    F: Encode<T> + Decode<T>,
{
    let (branch_input, slot) = BranchInput::new();
    let branch = branch(Pipeline::with_settings(branch_input, Settings::default()));
    assert!(
        slot.is_used(),
        "the closure of a branch must return a pipeline that starts with its argument"
    );
    settings.absorb(branch.settings);
    (branch.head, slot)
}

impl<P: Segment, T, F> fmt::Debug for Broadcast<P, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("branches", &self.boxed_branches.len())
            .finish_non_exhaustive()
    }
}
