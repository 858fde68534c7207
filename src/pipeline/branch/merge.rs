use super::super::pipeline::Pipeline;
use super::super::segment::Segment;
use super::branch::{Branch, MainBranch};
use super::merged::Merged;
use crate::stage::Order;

impl<P: Segment> Pipeline<P> {
    /// Merges another pipeline with the same output type; outputs are in order of arrival.
    ///
    /// Each pipeline keeps its own order. The run ends when both have ended, and fails when one
    /// fails. The earlier deadline and the first metadata apply.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::Pipeline;
    ///
    /// let run = Pipeline::from_iter([1, 3]).merge(Pipeline::from_iter([2, 4])).run_local();
    /// let mut all: Vec<i32> = run.collect().await?;
    /// all.sort();
    /// assert_eq!(all, [1, 2, 3, 4]);
    /// # Ok(()) }
    /// ```
    pub fn merge<Q>(mut self, other: Pipeline<Q>) -> Pipeline<Merged<P::Out, P::Format>>
    where
        Q: Segment<Out = P::Out, Format = P::Format>,
    {
        self.settings.absorb(other.settings);
        let boxed_branches: Vec<Box<dyn Branch<P::Out>>> = vec![
            Box::new(MainBranch(self.head)),
            Box::new(MainBranch(other.head)),
        ];
        Pipeline::with_settings(
            Merged::new(None, boxed_branches, Order::Arrival),
            self.settings,
        )
    }
}
