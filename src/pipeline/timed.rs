//! Operators that go by the time.

use std::hash::Hash;
use std::time::Duration;

use super::operated::Operated;
use super::pipeline::Pipeline;
use super::segment::Segment;
use crate::codec::Json;
use crate::stage::{Batch, ByTime, Debounce, Operator, Throttle, Window, Windowed};

/// Operators that go by the time.
///
/// What they hold is given when it is due, also while no item comes, and at the end of the input.
/// If the input fails, what they hold is dropped. Messages and progress go on at once. The clock is
/// tokio's, so tests can pause it.
#[allow(
    clippy::type_complexity,
    reason = "a type that is named in one place only"
)]
impl<P: Segment> Pipeline<P> {
    /// Gives items together: `size` of them, or fewer once the first was held for `within`. The
    /// last batch may be smaller.
    ///
    /// # Panics
    ///
    /// When `size` is 0.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::time::Duration;
    /// use pipewright::Pipeline;
    ///
    /// let batches = Pipeline::from_iter(1..=5).batch(2, Duration::from_millis(50));
    /// let batches: Vec<Vec<u32>> = batches.run_local().collect().await?;
    /// assert_eq!(batches, [vec![1, 2], vec![3, 4], vec![5]]);
    /// # Ok(()) }
    /// ```
    pub fn batch(
        self,
        size: usize,
        within: Duration,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = Vec<P::Out>> + use<P>, Json>> {
        let batch = ByTime(Batch::new(size, within));
        self.map_head(|before| Operated::new(before, "batch", batch))
    }

    /// Gives at most `items` items in any span of `per`. Others wait, and so does what is before.
    ///
    /// # Panics
    ///
    /// When `items` is 0.
    pub fn throttle(
        self,
        items: usize,
        per: Duration,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let throttle = ByTime(Throttle::new(items, per));
        self.map_head(|before| Operated::new(before, "throttle", throttle))
    }

    /// Gives an item once none has followed it for `quiet`. Those that are followed sooner are
    /// dropped.
    pub fn debounce(
        self,
        quiet: Duration,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let debounce = ByTime(Debounce::new(quiet));
        self.map_head(|before| Operated::new(before, "debounce", debounce))
    }

    /// Gives the items of each window together.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use std::time::Duration;
    /// use pipewright::{Pipeline, Window};
    ///
    /// // Seconds, and who clicked.
    /// let clicks = [(1, "ann"), (2, "bob"), (9, "ann"), (11, "ann")];
    /// let clicks = clicks.map(|(at, who)| (at, who.to_owned()));
    /// let minutes = Window::tumbling(Duration::from_secs(10))
    ///     .by_key(|(_, who): &(u64, String)| who.clone())
    ///     .by_event_time(Duration::from_secs(5), |(at, _)| Duration::from_secs(*at));
    /// let counts = Pipeline::from_iter(clicks)
    ///     .window(minutes)
    ///     .map(|window| (window.start.as_secs(), window.key, window.items.len()));
    /// let counts: Vec<(u64, String, usize)> = counts.run_local().collect().await?;
    /// let expected = [(0, "ann", 2), (0, "bob", 1), (10, "ann", 1)];
    /// assert_eq!(counts, expected.map(|(at, who, n)| (at, who.to_owned(), n)));
    /// # Ok(()) }
    /// ```
    pub fn window<K>(
        self,
        window: Window<P::Out, K>,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = Windowed<K, P::Out>> + use<P, K>, Json>>
    where
        K: Eq + Hash + Clone + Send + 'static,
    {
        self.map_head(|before| Operated::new(before, "window", window))
    }
}
