use std::fmt;
use std::marker::PhantomData;

use futures::Stream;

use super::super::pipeline::Pipeline;
use super::super::plan::{Edge, Plan};
use super::super::segment::Segment;
use super::branch::{Branch, MainBranch};
use crate::codec::{Decode, Encode};
use crate::stage::{Flow, StageContext};

/// A pipeline with erased stage types; see [`Pipeline::boxed`].
pub struct Boxed<T, F> {
    branch: Box<dyn Branch<T>>,
    format: PhantomData<fn() -> F>,
}

impl<P: Segment> Pipeline<P> {
    /// Erases the types of the stages, so that all pipelines with the same output have the same
    /// type. Use it for a pipeline that is built at run time or stored in a struct.
    ///
    /// In a fused run, it costs one virtual call per item. Over channels, it costs nothing.
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
    /// let mut pipeline = Pipeline::from_iter(1..=3_u32).boxed();
    /// for _ in 0..4 {
    ///     pipeline = pipeline.then(double).boxed();
    /// }
    /// assert_eq!(pipeline.run_local().collect::<Vec<_>>().await?, [16, 32, 48]);
    /// # Ok(()) }
    /// # #[cfg(not(feature = "macros"))]
    /// # fn main() {}
    /// ```
    pub fn boxed(self) -> Pipeline<Boxed<P::Out, P::Format>> {
        let boxed = Boxed {
            branch: Box::new(MainBranch(self.head)),
            format: PhantomData,
        };
        Pipeline::with_settings(boxed, self.settings)
    }
}

impl<T, F> Segment for Boxed<T, F>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, names: &mut Vec<String>) {
        self.branch.names(names);
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        self.branch.fuse(context)
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        self.branch.draw(plan)
    }
}

impl<T, F> fmt::Debug for Boxed<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Boxed").finish_non_exhaustive()
    }
}
