use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The items of one window, in order of arrival.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Windowed<K, T> {
    /// The common key of the items; `()` without [`Window::by_key`](super::Window::by_key).
    pub key: K,
    /// The start of the window: with processing time, since the start of the operator; with event
    /// time, on the time scale of the items.
    pub start: Duration,
    /// The end of the window, exclusive.
    pub end: Duration,
    /// The items, at least one.
    pub items: Vec<T>,
}
