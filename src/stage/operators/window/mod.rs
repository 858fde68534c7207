//! Windows: groups of items by time.

mod machine;
mod side;
mod table;
mod windowed;

use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use futures::{Sink, SinkExt, Stream};

use super::super::{Flow, StageContext};
use super::Operator;
use super::timed::ByTime;
use crate::error::Error;
use machine::{Clock, KeyOf, Machine};
use side::{LateSink, Side};
use table::{Cut, WindowTable};
pub use windowed::Windowed;

/// Default limit of items that open windows hold, including copies in several windows.
const LIMIT: usize = 1 << 20;

/// Groups items into windows; see [`Pipeline::window`](crate::Pipeline::window).
///
/// | window | contains |
/// |---|---|
/// | [`tumbling`](Self::tumbling) | the items of one period; each starts where the previous ends |
/// | [`sliding`](Self::sliding) | the items of one period; windows may overlap |
/// | [`session`](Self::session) | items that follow each other closely |
///
/// The time of an item is its arrival (processing time), unless
/// [`by_event_time`](Self::by_event_time) is set. Windows are returned in the order of their ends,
/// and empty windows are omitted. At the end of the input, all open windows are returned.
pub struct Window<T, K = ()> {
    cut: Cut<T>,
    clock: Clock<T>,
    key: KeyOf<T, K>,
    late: Option<LateSink<T>>,
    limit: usize,
}

impl<T> Window<T> {
    fn new(cut: Cut<T>) -> Self {
        Self {
            cut,
            clock: Clock::Processing { began: None },
            key: Box::new(|_| ()),
            late: None,
            limit: LIMIT,
        }
    }

    /// Consecutive windows of length `size`. They start at multiples of `size`.
    ///
    /// # Panics
    ///
    /// Panics if `size` is zero.
    pub fn tumbling(size: Duration) -> Self {
        assert!(!size.is_zero(), "the length of a window must not be zero");
        Self::new(Cut::Tumbling(size.as_nanos()))
    }

    /// Windows of length `size` that start at multiples of `every`. An item is cloned into each
    /// window that contains it. If `every` exceeds `size`, items between two windows are dropped and
    /// counted as skipped.
    ///
    /// # Panics
    ///
    /// Panics if `size` or `every` is zero.
    pub fn sliding(size: Duration, every: Duration) -> Self
    where
        T: Clone,
    {
        assert!(!size.is_zero(), "the length of a window must not be zero");
        assert!(!every.is_zero(), "the interval of windows must not be zero");
        Self::new(Cut::Sliding {
            size: size.as_nanos(),
            every: every.as_nanos(),
            clone: T::clone,
        })
    }

    /// Windows of items that follow each other within less than `gap`. A window ends `gap` after
    /// its last item.
    ///
    /// # Panics
    ///
    /// Panics if `gap` is zero.
    pub fn session(gap: Duration) -> Self {
        assert!(!gap.is_zero(), "the gap of a session must not be zero");
        Self::new(Cut::Session(gap.as_nanos()))
    }

    /// Uses separate windows for each key.
    pub fn by_key<K>(self, key: impl FnMut(&T) -> K + Send + 'static) -> Window<T, K>
    where
        K: Eq + Hash + Clone,
    {
        Window {
            cut: self.cut,
            clock: self.clock,
            key: Box::new(key),
            late: self.late,
            limit: self.limit,
        }
    }
}

impl<T, K> Window<T, K> {
    /// Uses the time that `time` extracts from an item, such as the time since the Unix epoch.
    ///
    /// The watermark is the latest time of any item so far, minus `lateness`. A window is returned
    /// when the watermark reaches its end, so items may be out of order by up to `lateness`. While
    /// no item arrives, the watermark does not advance. A single item with a wrong time in the
    /// future closes all windows before that time.
    #[must_use]
    pub fn by_event_time(
        mut self,
        lateness: Duration,
        time: impl FnMut(&T) -> Duration + Send + 'static,
    ) -> Self {
        self.clock = Clock::Event {
            latest: Duration::ZERO,
            lateness,
            time: Box::new(time),
        };
        self
    }

    /// Sends late items, whose windows are all closed, to `sink`, such as a
    /// [`Sender`](crate::Sender). The sink is closed before the output ends. Without a sink, late
    /// items are dropped and counted as skipped in the report.
    #[must_use]
    pub fn late_to<S>(mut self, sink: S) -> Self
    where
        S: Sink<T, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
        T: 'static,
    {
        self.late = Some(Box::pin(sink.sink_map_err(Error::boxed)));
        self
    }

    /// Sets how many items the open windows may hold together; default: 1,048,576. The run fails if
    /// an item exceeds the limit.
    #[must_use]
    pub fn limit(mut self, items: usize) -> Self {
        self.limit = items;
        self
    }
}

impl<T, K> Operator<T> for Window<T, K>
where
    T: Send + 'static,
    K: Eq + Hash + Clone + Send + 'static,
{
    type Out = Windowed<K, T>;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Windowed<K, T>>> + Send + 'static
    where
        S: Stream<Item = Flow<T>> + Send + 'static,
    {
        let machine = Machine::new(
            WindowTable::new(self.cut, self.limit),
            self.clock,
            self.key,
            self.limit,
        );
        let windows = ByTime(machine).join(input, context.clone());
        Side::new(windows, self.late, context)
    }
}

impl<T, K> fmt::Debug for Window<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}
