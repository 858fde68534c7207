use std::fmt;

use super::super::Rejection;

/// The engine's response to the functions of a worker; see
/// [`Worker::registered`](super::super::Worker::registered).
///
/// `Display` prints one line: whether every function is served, and otherwise which functions are
/// not and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registered {
    rejections: Vec<Rejection>,
}

impl Registered {
    pub(in crate::worker) fn new(rejections: Vec<Rejection>) -> Self {
        Self { rejections }
    }

    /// Whether this worker serves every function that it has registered.
    pub fn is_complete(&self) -> bool {
        self.rejections.is_empty()
    }

    /// Functions that wait for another worker to disconnect, each with that worker.
    pub fn waiting(&self) -> impl Iterator<Item = &Rejection> {
        self.rejections
            .iter()
            .filter(|rejection| rejection.is_waiting())
    }

    /// Functions that the engine rejected, and those that wait.
    pub fn rejections(&self) -> &[Rejection] {
        &self.rejections
    }
}

impl fmt::Display for Registered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("every function is served");
        }
        for (nth, rejection) in self.rejections.iter().enumerate() {
            let separator = if nth == 0 { "" } else { "; " };
            write!(f, "{separator}{rejection}")?;
        }
        Ok(())
    }
}
