use crate::channel::{Event, Sender};
use crate::codec::Encode;

/// One of the branches that a stream is spread over.
pub(super) struct Branch<T: Send + 'static, F: Encode<T>> {
    /// `None` for a branch that has left.
    pub(super) output: Option<Sender<T, F>>,
    /// Turns that it has had, and those of them that it was told the end of.
    pub(super) turns: u64,
    pub(super) told: u64,
}

impl<T: Send + 'static, F: Encode<T>> Branch<T, F> {
    pub(super) fn new(output: Sender<T, F>) -> Self {
        Self {
            output: Some(output),
            turns: 0,
            told: 0,
        }
    }
}

/// An event once more, with the item made by `clone`.
pub(super) fn copy<T>(event: &Event<T>, clone: fn(&T) -> T) -> Event<T> {
    match event {
        Event::Item(item) => Event::Item(clone(item)),
        Event::Message(text) => Event::Message(text.clone()),
        Event::Progress(progress) => Event::Progress(progress.clone()),
        Event::Signal(signal) => Event::Signal(signal.clone()),
    }
}
