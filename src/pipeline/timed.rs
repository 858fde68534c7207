//! Operators that depend on time.

use std::hash::Hash;
use std::time::Duration;

use super::operated::Operated;
use super::pipeline::Pipeline;
use super::segment::Segment;
use crate::codec::Json;
use crate::stage::{Batch, ByTime, Debounce, Operator, Throttle, Window, Windowed};

/// Operators that depend on time.
///
/// Items that an operator holds are output when they are due, even while no item arrives, and at
/// the end of the input. If the input fails, held items are dropped. Messages and progress are
/// forwarded immediately. The clock is tokio's, so tests can pause it.
#[allow(
    clippy::type_complexity,
    reason = "a type that is named in one place only"
)]
impl<P: Segment> Pipeline<P> {
    /// Collects items into batches of `size`. A batch is smaller if its first item has been held
    /// for `within`, or if the input ends.
    ///
    /// # Panics
    ///
    /// Panics if `size` is 0.
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

    /// Outputs at most `items` items in any period of `per`. Further items wait, which also delays
    /// the stages before.
    ///
    /// # Panics
    ///
    /// Panics if `items` is 0.
    pub fn throttle(
        self,
        items: usize,
        per: Duration,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let throttle = ByTime(Throttle::new(items, per));
        self.map_head(|before| Operated::new(before, "throttle", throttle))
    }

    /// Outputs an item if no other item follows it within `quiet`. An item that is followed sooner
    /// is dropped.
    pub fn debounce(
        self,
        quiet: Duration,
    ) -> Pipeline<Operated<P, impl Operator<P::Out, Out = P::Out> + use<P>, P::Format>> {
        let debounce = ByTime(Debounce::new(quiet));
        self.map_head(|before| Operated::new(before, "debounce", debounce))
    }

    /// Groups the items into windows.
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
