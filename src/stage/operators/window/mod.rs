//! Items of a span of time, together.

mod machine;
mod side;
mod table;

use std::error::Error as StdError;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::time::Duration;

use futures::{Sink, SinkExt, Stream};
use serde::{Deserialize, Serialize};

use super::super::{Flow, StageContext};
use super::Operator;
use super::timed::ByTime;
use crate::error::Error;
use machine::{Clock, Machine};
use side::Side;
use table::{Cut, WindowTable};

/// Items that windows hold together unless told, copies in several windows included.
const LIMIT: usize = 1 << 20;

/// The items of one window, in the order in which they came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windowed<K, T> {
    /// What the items have in common; `()` without [`Window::by_key`].
    pub key: K,
    /// When the window begins. By processing time it counts from the start of the operator, by
    /// event time it is a time as the items have it.
    pub start: Duration,
    /// When it ends; the end itself is not in it.
    pub end: Duration,
    /// The items; one at least.
    pub items: Vec<T>,
}

/// Which items [`Pipeline::window`](crate::Pipeline::window) gives together.
///
/// | window | holds |
/// |---|---|
/// | [`tumbling`](Self::tumbling) | the items of a span; each begins where the one before ends |
/// | [`sliding`](Self::sliding) | the items of a span; they overlap, and an item is in several |
/// | [`session`](Self::session) | items that follow each other closely |
///
/// Windows are by processing time, the time at which an item comes in, or by
/// [event time](Self::by_event_time), which the item has. They are given by their ends, and empty
/// ones not at all. At the end of the input each open window is given.
pub struct Window<T, K = ()> {
    cut: Cut<T>,
    clock: Clock<T>,
    key: KeyOf<T, K>,
    late: Option<LateSink<T>>,
    limit: usize,
}

/// Gives the key of an item.
type KeyOf<T, K> = Box<dyn FnMut(&T) -> K + Send>;

/// Where late items go.
type LateSink<T> = Pin<Box<dyn Sink<T, Error = Error> + Send>>;

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

    /// Windows of length `size`, one after the other. They begin at the multiples of `size`.
    ///
    /// # Panics
    ///
    /// When `size` is zero.
    pub fn tumbling(size: Duration) -> Self {
        assert!(!size.is_zero(), "a window has a length");
        Self::new(Cut::Tumbling(size.as_nanos()))
    }

    /// Windows of length `size` that begin at the multiples of `every`. An item is cloned into each
    /// window that it is in.
    ///
    /// # Panics
    ///
    /// When `size` or `every` is zero.
    pub fn sliding(size: Duration, every: Duration) -> Self
    where
        T: Clone,
    {
        assert!(!size.is_zero(), "a window has a length");
        assert!(!every.is_zero(), "windows do not begin all at once");
        Self::new(Cut::Sliding {
            size: size.as_nanos(),
            every: every.as_nanos(),
            clone: T::clone,
        })
    }

    /// Windows of items that follow each other at less than `gap`. They end `gap` after their last
    /// item.
    ///
    /// # Panics
    ///
    /// When `gap` is zero.
    pub fn session(gap: Duration) -> Self {
        assert!(!gap.is_zero(), "a session lasts for some time");
        Self::new(Cut::Session(gap.as_nanos()))
    }

    /// Keeps the windows of each key apart.
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
    /// Goes by the time that `time` finds in an item, such as the time since the Unix epoch.
    ///
    /// The watermark is the latest time of an item so far, less `lateness`. A window is given once
    /// the watermark has reached its end, so items may be out of order by `lateness`. While no
    /// item comes, the watermark stands still. The first item that is ahead of its time by a
    /// mistake closes the windows of all others.
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

    /// Sends the items whose windows are all closed to `sink`, such as a
    /// [`Sender`](crate::Sender), which is closed before the output ends. Without it they are
    /// dropped; the report counts them as skipped.
    #[must_use]
    pub fn late_to<S>(mut self, sink: S) -> Self
    where
        S: Sink<T, Error: Into<Box<dyn StdError + Send + Sync>>> + Send + 'static,
        T: 'static,
    {
        self.late = Some(Box::pin(sink.sink_map_err(Error::boxed)));
        self
    }

    /// How many items the open windows may hold together; the default is 1,048,576. An item beyond
    /// fails the run.
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
