use std::cell::RefCell;

use serde::de;

use super::fault::Fault;
use crate::codec::ItemLimits;

/// Number of elements that a list may have regardless of the length of its record.
const FREE_ELEMENTS: usize = 1 << 16;

/// The bounds of one item, and why it was refused.
pub(in crate::codec) struct Guard {
    pub(super) limits: ItemLimits,
    pub(super) max_elements: usize,
    refusal: RefCell<Option<String>>,
}

impl Guard {
    /// Creates the bounds for an item of `len` bytes.
    pub(in crate::codec) fn new(limits: ItemLimits, len: usize) -> Self {
        Self {
            limits,
            max_elements: len.max(FREE_ELEMENTS),
            refusal: RefCell::new(None),
        }
    }

    /// The reason why the item was refused, unless the format itself failed.
    pub(in crate::codec) fn refusal(self) -> Option<String> {
        self.refusal.into_inner()
    }
}

/// The nesting level of a value.
#[derive(Clone, Copy)]
pub(super) struct Level<'g> {
    pub(super) guard: &'g Guard,
    /// Number of levels that may still be nested.
    pub(super) left: usize,
}

impl Level<'_> {
    /// Enters the next level.
    pub(super) fn inner<E>(self) -> Result<Self, Fault<E>> {
        match self.left.checked_sub(1) {
            Some(left) => Ok(Self { left, ..self }),
            None => Err(Fault::Refused(too_deep(self.guard.limits))),
        }
    }

    /// Converts a fault into the format's error and stores its text.
    pub(super) fn raise<E: de::Error>(self, fault: Fault<E>) -> E {
        match fault {
            Fault::Format(error) => error,
            Fault::Refused(text) => {
                let error = E::custom(&text);
                *self.guard.refusal.borrow_mut() = Some(text);
                error
            }
        }
    }
}

/// The message for an item with too many levels.
pub(in crate::codec) fn too_deep(limits: ItemLimits) -> String {
    let max_nesting = limits.max_nesting;
    format!("the item is nested deeper than {max_nesting} levels, the limit `max_nesting`")
}
