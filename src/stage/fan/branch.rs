use crate::channel::{Event, Sender};
use crate::codec::Encode;

/// One of the branches over which a stream is spread.
pub(super) struct FanOutBranch<T: Send + 'static, F: Encode<T>> {
    /// `None` for a branch that has stopped reading.
    pub(super) output: Option<Sender<T, F>>,
    /// Number of turns it has had, and how many of their ends were sent to it.
    pub(super) turns: u64,
    pub(super) told: u64,
}

impl<T: Send + 'static, F: Encode<T>> FanOutBranch<T, F> {
    pub(super) fn new(output: Sender<T, F>) -> Self {
        Self {
            output: Some(output),
            turns: 0,
            told: 0,
        }
    }
}

/// Copies an event; `clone` copies the item.
pub(super) fn copy<T>(event: &Event<T>, clone: fn(&T) -> T) -> Event<T> {
    match event {
        Event::Item(item) => Event::Item(clone(item)),
        Event::Message(text) => Event::Message(text.clone()),
        Event::Progress(progress) => Event::Progress(progress.clone()),
        Event::Signal(signal) => Event::Signal(signal.clone()),
    }
}
