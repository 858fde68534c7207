use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::branch::{Branch, MainBranch};
use super::broadcast::begin;
use super::fork::Fork;
use super::input::BranchInput;
use super::merged::Merged;
use crate::stage::{Order, Route};

impl<P: Segment> Pipeline<P> {
    /// Distributes the items over `branches` branches by key and joins the outputs. Items with
    /// equal keys go to the same branch.
    ///
    /// The closure `branch` is called for each branch; it receives the start and returns the
    /// complete branch. A stage with state therefore sees every item of a key, and the order within
    /// a key is kept. Across keys, outputs are in order of arrival. A branch with a frequent key
    /// holds back the others.
    ///
    /// # Panics
    ///
    /// Panics if `branches` is 0, and like [`Broadcast::branch`](super::Broadcast::branch).
    ///
    /// # Example
    ///
    /// ```
    /// # #[cfg(feature = "macros")]
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::collections::HashMap;
    /// use pipewright::{Pipeline, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn count(word: String, seen: &mut HashMap<String, u32>) -> (String, u32) {
    ///     let n = seen.entry(word.clone()).or_default();
    ///     *n += 1;
    ///     (word, *n)
    /// }
    ///
    /// let words = ["a", "b", "a", "c", "a", "b"].map(str::to_owned);
    /// let run = Pipeline::from_iter(words)
    ///     .partition(4, |word| word.clone(), |words| words.then(count))
    ///     .run_local();
    /// let counts: HashMap<String, u32> = run.collect().await?; // the last of each word stays
    /// assert_eq!((counts["a"], counts["b"], counts["c"]), (3, 2, 1));
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn partition<K, B>(
        mut self,
        branches: usize,
        key: impl Fn(&P::Out) -> K + Send + 'static,
        mut branch: impl FnMut(Pipeline<BranchInput<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Pipeline<Merged<B::Out, B::Format>>
    where
        K: Hash,
        B: Segment,
    {
        assert!(branches > 0, "a partition needs a branch");
        let (mut boxed_branches, mut slots) = (Vec::<Box<dyn Branch<B::Out>>>::new(), Vec::new());
        for _ in 0..branches {
            let (head, slot) = begin(&mut self.settings, &mut branch);
            boxed_branches.push(Box::new(MainBranch(head)));
            slots.push(slot);
        }
        let stem = Fork {
            name: "partition",
            before: self.head,
            route: Route::ByKey(Box::new(move |item| place(&key(item), branches))),
            slots,
        };
        let merged = Merged::new(Some(Box::new(stem)), boxed_branches, Order::Arrival);
        Pipeline::with_settings(merged, self.settings)
    }
}

/// The branch of a key: the same in every run and every process.
fn place(key: &impl Hash, branches: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % branches as u64).unwrap_or(0)
}
