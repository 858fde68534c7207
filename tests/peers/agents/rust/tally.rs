//! What passed one end: bytes, their hash, and the positions of the messages.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Shared with the message callback of a reader.
#[derive(Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    hash: Sha256,
    bytes: usize,
    messages: Vec<(usize, String)>,
}

impl Tally {
    pub(crate) fn data(&self, chunk: &[u8]) {
        self.with(|inner| {
            inner.hash.update(chunk);
            inner.bytes += chunk.len();
        });
    }

    pub(crate) fn message(&self, text: String) {
        self.with(|inner| inner.messages.push((inner.bytes, text)));
    }

    pub(crate) fn report(&self) -> Value {
        self.with(|inner| {
            json!({
                "bytes": inner.bytes,
                "sha256": format!("{:x}", inner.hash.clone().finalize()),
                "messages": inner.messages,
            })
        })
    }

    fn with<R>(&self, f: impl FnOnce(&mut Inner) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
