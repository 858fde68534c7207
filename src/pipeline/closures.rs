//! Operators that take a closure.

use std::error::Error as StdError;
use std::future::{Future, ready};

use super::operated::Operated;
use super::pipeline::Pipeline;
use super::segment::Segment;
use crate::codec::Json;
use crate::error::{Error, Result};
use crate::stage::{ByTime, Calls, Each, Fold, Operator, Step};

/// Any type that converts into an [`Error`]: errors, strings, and boxed errors of other crates.
type Boxed = Box<dyn StdError + Send + Sync>;

/// Operators that take a closure.
///
/// Their names and behaviour match the methods of [`Iterator`]. Methods that end in `_async` take a
/// closure that returns a future, and wait for it before they take the next item. (In
/// `futures::StreamExt`, `filter` and `then` are async. Here `then` adds a stage.)
///
/// An operator keeps the order of the items, and forwards messages and progress. It runs in the
/// process that runs the pipeline. It cannot be `remote`, because other processes cannot call a
/// closure. Each has a [name](Pipeline::named) in reports and errors, and an error contains the
/// number of the item.
///
/// Operators that change the item type use the format [`Json`](crate::format::Json) for their
/// output; the others keep the format of their input. [`format`](Pipeline::format) sets another
/// format, for a following stage that reads it.
#[allow(
    clippy::type_complexity,
    reason = "a type that is named in one place only"
)]
impl<P: Segment> Pipeline<P> {
    fn each<Out, F>(
        self,
        name: &'static str,
        handle: impl FnMut(P::Out) -> Result<Step<Out>> + Send + 'static,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = Out>, F>>
    where
        Out: Send + 'static,
    {
        self.map_head(|before| Operated::new(before, name, Each::new(handle)))
    }

    fn calls<I, F, C>(
        self,
        name: &'static str,
        handle: impl FnMut(P::Out) -> C + Send + 'static,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = I::Item>, F>>
    where
        C: Future<Output = Result<I>> + Send + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + 'static,
    {
        self.map_head(|before| Operated::new(before, name, Calls::new(handle)))
    }

    /// Transforms each item with `f`.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::Pipeline;
    ///
    /// let run = Pipeline::from_iter(1..)
    ///     .map(|n| n * n)
    ///     .filter(|n| n % 2 == 1)
    ///     .named("odd")
    ///     .take(3)
    ///     .run_local();
    /// assert_eq!(run.collect::<Vec<i32>>().await?, [1, 9, 25]);
    /// # Ok(()) }
    /// ```
    pub fn map<U, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, U, F>, Json>>
    where
        F: FnMut(P::Out) -> U + Send + 'static,
        U: Send + 'static,
    {
        self.each("map", move |item| Ok(Step::Give(f(item))))
    }

    /// Transforms each item with `f`. The first error ends the run and contains the number of its
    /// item.
    pub fn try_map<U, E, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, U, E, F>, Json>>
    where
        F: FnMut(P::Out) -> Result<U, E> + Send + 'static,
        U: Send + 'static,
        E: Into<Boxed>,
    {
        self.each("try_map", move |item| {
            f(item).map(Step::Give).map_err(Error::boxed)
        })
    }

    /// Keeps the items for which `f` returns `true`.
    pub fn filter<F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P, F>, P::Format>>
    where
        F: FnMut(&P::Out) -> bool + Send + 'static,
    {
        self.each("filter", move |item| {
            Ok(if f(&item) {
                Step::Give(item)
            } else {
                Step::Skip
            })
        })
    }

    /// Transforms each item with `f`, and drops the items for which it returns `None`.
    pub fn filter_map<U, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, U, F>, Json>>
    where
        F: FnMut(P::Out) -> Option<U> + Send + 'static,
        U: Send + 'static,
    {
        self.each("filter_map", move |item| {
            Ok(f(item).map_or(Step::Skip, Step::Give))
        })
    }

    /// Transforms each item into an iterator with `f`, and outputs its items.
    pub fn flat_map<I, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = I::Item> + use<P, I, F>, Json>>
    where
        F: FnMut(P::Out) -> I + Send + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + Send + 'static,
    {
        self.calls("flat_map", move |item| ready(Ok(f(item))))
    }

    /// Calls `f` with a reference to each item, and outputs the item unchanged.
    pub fn inspect<F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P, F>, P::Format>>
    where
        F: FnMut(&P::Out) + Send + 'static,
    {
        self.each("inspect", move |item| {
            f(&item);
            Ok(Step::Give(item))
        })
    }

    /// Outputs the first `n` items, then ends. The stages before it are stopped immediately, which
    /// is not a failure. If `n` is 0, it reads nothing.
    pub fn take(
        self,
        n: u64,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let mut left = n;
        let take = move |item| {
            left = left.saturating_sub(1);
            Ok(if left == 0 {
                Step::Last(item)
            } else {
                Step::Give(item)
            })
        };
        let take = Each::new(take).wants_input(n > 0);
        self.map_head(|before| Operated::new(before, "take", take))
    }

    /// Outputs items as long as `f` returns `true`, then ends. The stages before it are stopped
    /// immediately, which is not a failure. The item for which `f` returns `false` is dropped.
    pub fn take_while<F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P, F>, P::Format>>
    where
        F: FnMut(&P::Out) -> bool + Send + 'static,
    {
        self.each("take_while", move |item| {
            Ok(if f(&item) {
                Step::Give(item)
            } else {
                Step::End
            })
        })
    }

    /// Drops the first `n` items.
    pub fn skip(
        self,
        n: u64,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let mut left = n;
        self.each("skip", move |item| {
            if left == 0 {
                return Ok(Step::Give(item));
            }
            left -= 1;
            Ok(Step::Skip)
        })
    }

    /// Combines all items into one value, which is output at the end of the input. The value starts
    /// as `value`, and `f` updates it with each item. An error of `f` ends the run and contains the
    /// number of the item.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::Pipeline;
    ///
    /// let sum = Pipeline::from_iter(1..=4).fold(0, |sum, n| {
    ///     *sum += n;
    ///     Ok::<_, pipewright::Error>(())
    /// });
    /// assert_eq!(sum.run_local().collect::<Vec<u32>>().await?, [10]);
    /// # Ok(()) }
    /// ```
    pub fn fold<A, E, F>(
        self,
        value: A,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = A> + use<P, A, E, F>, Json>>
    where
        A: Send + 'static,
        F: FnMut(&mut A, P::Out) -> Result<(), E> + Send + 'static,
        E: Into<Boxed> + 'static,
    {
        let fold = move |value: &mut A, item| f(value, item).map_err(Error::boxed);
        let fold = ByTime(Fold::new(value, fold));
        self.map_head(|before| Operated::new(before, "fold", fold))
    }

    /// Transforms each item with the async closure `f`, one item after the other.
    pub fn map_async<C, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = C::Output> + use<P, C, F>, Json>>
    where
        F: FnMut(P::Out) -> C + Send + 'static,
        C: Future<Output: Send + 'static> + Send + 'static,
    {
        self.calls("map_async", move |item| {
            let call = f(item);
            async move { Ok(Some(call.await)) }
        })
    }

    /// Transforms each item with the async closure `f`, one item after the other. The first error
    /// ends the run and contains the number of its item.
    pub fn try_map_async<U, E, C, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, U, E, C, F>, Json>>
    where
        F: FnMut(P::Out) -> C + Send + 'static,
        C: Future<Output = Result<U, E>> + Send + 'static,
        U: Send + 'static,
        E: Into<Boxed>,
    {
        self.calls("try_map_async", move |item| {
            let call = f(item);
            async move { call.await.map(Some).map_err(Error::boxed) }
        })
    }

    /// Transforms each item with the async closure `f`, one item after the other, and drops the
    /// items for which it returns `None`.
    pub fn filter_map_async<U, C, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = U> + use<P, U, C, F>, Json>>
    where
        F: FnMut(P::Out) -> C + Send + 'static,
        C: Future<Output = Option<U>> + Send + 'static,
        U: Send + 'static,
    {
        self.calls("filter_map_async", move |item| {
            let call = f(item);
            async move { Ok(call.await) }
        })
    }

    /// Transforms each item into an iterator with the async closure `f`, one item after the other,
    /// and outputs the iterator's items.
    pub fn flat_map_async<I, C, F>(
        self,
        mut f: F,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = I::Item> + use<P, I, C, F>, Json>>
    where
        F: FnMut(P::Out) -> C + Send + 'static,
        C: Future<Output = I> + Send + 'static,
        I: IntoIterator<Item: Send + 'static, IntoIter: Send + 'static> + 'static,
    {
        self.calls("flat_map_async", move |item| {
            let call = f(item);
            async move { Ok(call.await) }
        })
    }
}
