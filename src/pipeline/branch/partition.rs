use std::hash::{DefaultHasher, Hash, Hasher};

use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::broadcast::begin;
use super::inlet::Inlet;
use super::lane::{Lane, Main};
use super::merged::Merged;
use super::stem::Fork;
use crate::stage::{Order, Route};

impl<P: Segment> Pipeline<P> {
    /// Hands the items to `branches` branches, those with equal keys to the same one, and brings
    /// together what comes out.
    ///
    /// The closure `branch` is called for each branch, with its beginning, and gives the whole. So
    /// a stage with state sees every item of a key, and the order within a key is kept; across
    /// keys what comes out is in the order in which the branches give it. Keys that are common
    /// make for a branch that holds back the others.
    ///
    /// # Panics
    ///
    /// When `branches` is 0, or as [`Broadcast::branch`](super::Broadcast::branch).
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
        mut branch: impl FnMut(Pipeline<Inlet<P::Out, P::Format>>) -> Pipeline<B>,
    ) -> Pipeline<Merged<B::Out, B::Format>>
    where
        K: Hash,
        B: Segment,
    {
        assert!(branches > 0, "a partition needs a branch");
        let (mut lanes, mut slots) = (Vec::<Box<dyn Lane<B::Out>>>::new(), Vec::new());
        for _ in 0..branches {
            let (head, slot) = begin(&mut self.settings, &mut branch);
            lanes.push(Box::new(Main(head)));
            slots.push(slot);
        }
        let stem = Fork {
            name: "partition",
            before: self.head,
            route: Route::ByKey(Box::new(move |item| place(&key(item), branches))),
            slots,
        };
        let merged = Merged::new(Some(Box::new(stem)), lanes, Order::Arrival);
        Pipeline::with_settings(merged, self.settings)
    }
}

/// The branch of a key, the same in every run and in every process.
fn place(key: &impl Hash, branches: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % branches as u64).unwrap_or(0)
}
