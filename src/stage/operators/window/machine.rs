use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

use super::super::Timed;
use super::table::{Inserted, WindowTable};
use super::windowed::Windowed;
use crate::error::Error;
use crate::transport::later;

/// Returns the key of an item.
pub(super) type KeyOf<T, K> = Box<dyn FnMut(&T) -> K + Send>;

/// Defines the time of an item.
pub(super) enum Clock<T> {
    /// The time at which the item arrives, counted from the first poll of the operator.
    Processing { began: Option<Instant> },
    /// The time in the item.
    Event {
        /// The latest time so far.
        latest: Duration,
        lateness: Duration,
        time: Box<dyn FnMut(&T) -> Duration + Send>,
    },
}

/// An output of a window operator.
pub(super) enum Output<K, T> {
    Window(Windowed<K, T>),
    Late(T),
    /// An item was dropped, because it is between two windows.
    Between,
}

/// Assigns items to windows by key and time.
pub(super) struct Machine<K, T> {
    table: WindowTable<K, T>,
    clock: Clock<T>,
    key: KeyOf<T, K>,
    limit: usize,
    /// An output for an item in no window, to be returned before the next item is taken.
    aside: Option<Output<K, T>>,
}

impl<K: Eq + Hash + Clone, T> Machine<K, T> {
    pub(super) fn new(
        table: WindowTable<K, T>,
        clock: Clock<T>,
        key: KeyOf<T, K>,
        limit: usize,
    ) -> Self {
        Self {
            table,
            clock,
            key,
            limit,
            aside: None,
        }
    }
}

impl<K, T> Timed<T> for Machine<K, T>
where
    K: Eq + Hash + Clone + Send + 'static,
    T: Send + 'static,
{
    type Out = Output<K, T>;

    fn take(&mut self, item: T, now: Instant) -> Result<(), Error> {
        let key = (self.key)(&item);
        let (time, watermark) = match &mut self.clock {
            Clock::Processing { began } => (now - *began.get_or_insert(now), None),
            Clock::Event {
                latest,
                lateness,
                time,
            } => {
                let time = time(&item);
                *latest = time.max(*latest);
                (time, Some(latest.saturating_sub(*lateness)))
            }
        };
        match self.table.insert(time, &key, item) {
            Inserted::Held => {}
            Inserted::Late(item) => self.aside = Some(Output::Late(item)),
            Inserted::Between => self.aside = Some(Output::Between),
            Inserted::Full => {
                return Err(Error::msg(format_args!(
                    "the open windows hold {} items, which is their limit: raise it with \
                     `Window::limit`, or make the windows smaller",
                    self.limit
                )));
            }
        }
        if let Some(watermark) = watermark {
            self.table.advance(watermark);
        }
        Ok(())
    }

    fn due(&mut self, now: Instant) -> Option<Output<K, T>> {
        if let Some(aside) = self.aside.take() {
            return Some(aside);
        }
        if let Clock::Processing { began } = &mut self.clock {
            let began = *began.get_or_insert(now);
            self.table.advance(now - began);
        }
        self.table.close().map(Output::Window)
    }

    fn due_at(&self) -> Option<Instant> {
        let Clock::Processing { began: Some(began) } = self.clock else {
            return None;
        };
        Some(later(began, self.table.next_end()?))
    }

    fn end(&mut self) {
        self.table.end();
    }
}
