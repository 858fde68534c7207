//! Resources of a pipeline.

use std::error::Error as StdError;
use std::future::Future;
use std::sync::Arc;

use super::operated::Operated;
use super::pipeline::Pipeline;
use super::segment::Segment;
use crate::codec::Json;
use crate::error::{Error, Result};
use crate::stage::{Lookup, LookupCalls, Operator, Service};
use crate::worker::{Resource, ResourceType, Resources};

impl<P> Pipeline<P> {
    /// Provides a value to the stages of this pipeline that run in this process, for their argument
    /// `&Resource<T>`. It takes precedence over a value provided by the
    /// [worker](crate::Worker::provide).
    ///
    /// A run fails at its start, with the name of the type, if a stage takes a value that was not
    /// provided. A stage on another worker uses that worker's value. See
    /// [`Resource`](crate::Resource).
    pub fn provide<T: Send + Sync + 'static>(self, value: T) -> Self {
        self.provide_shared(Arc::new(value))
    }

    /// Like [`provide`](Self::provide), for a value that is already shared, or for a trait object.
    pub fn provide_shared<T: ?Sized + Send + Sync + 'static>(mut self, value: Arc<T>) -> Self {
        self.settings.resources.insert(value);
        self
    }

    /// Records the resources that `stage` takes.
    pub(super) fn needing(mut self, stage: &impl Service) -> Self {
        self.settings.needs(stage);
        self
    }

    pub(crate) fn provide_all(mut self, resources: Resources) -> Self {
        self.settings.resources.absorb(resources);
        self
    }
}

/// Any type that converts into an [`Error`]: errors, strings, and boxed errors of other crates.
type Boxed = Box<dyn StdError + Send + Sync>;

#[allow(
    clippy::type_complexity,
    reason = "a type that is named in one place only"
)]
impl<P: Segment> Pipeline<P> {
    /// Looks up each item in a resource, such as a table: outputs the result of `f` for the item
    /// and the resource. An item for which `f` returns `None` is dropped.
    ///
    /// A run fails at its start if no `R` was [provided](Self::provide).
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::collections::HashMap;
    /// use pipewright::Pipeline;
    ///
    /// let prices = HashMap::from([("tea".to_owned(), 3_u32), ("salt".to_owned(), 1)]);
    /// let run = Pipeline::from_iter(["tea", "gold"].map(String::from))
    ///     .lookup(|name, prices: &HashMap<String, u32>| {
    ///         let price = *prices.get(&name)?;
    ///         Some((name, price))
    ///     })
    ///     .provide(prices)
    ///     .run_local();
    /// let found: Vec<(String, u32)> = run.collect().await?;
    /// assert_eq!(found, [("tea".to_owned(), 3)]);
    /// # Ok(()) }
    /// ```
    pub fn lookup<R, U, F>(
        mut self,
        f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, R, U, F>, Json>>
    where
        R: ?Sized + Send + Sync + 'static,
        U: Send + 'static,
        F: FnMut(P::Out, &R) -> Option<U> + Send + 'static,
    {
        self.settings.needs_type("lookup", ResourceType::of::<R>());
        self.map_head(|before| Operated::new(before, "lookup", Lookup::<R, F>::new(f)))
    }

    /// Like [`lookup`](Self::lookup), for a closure that returns a future, such as a query. Each
    /// future is awaited before the next item is taken. The first error ends the run and contains
    /// the number of its item. For concurrent queries, use a stage with `concurrency`.
    pub fn lookup_async<R, U, E, C, F>(
        mut self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, R, U, E, C, F>, Json>>
    where
        R: ?Sized + Send + Sync + 'static,
        U: Send + 'static,
        E: Into<Boxed> + 'static,
        C: Future<Output = Result<Option<U>, E>> + Send + 'static,
        F: FnMut(P::Out, Resource<R>) -> C + Send + 'static,
    {
        self.settings
            .needs_type("lookup_async", ResourceType::of::<R>());
        let call = move |item, resource| {
            let call = f(item, resource);
            async move { call.await.map_err(Error::boxed) }
        };
        let calls = LookupCalls::<R, _>::new(call);
        self.map_head(|before| Operated::new(before, "lookup_async", calls))
    }
}
