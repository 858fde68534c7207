use super::pairing::{Pairing, Wanted};
use crate::error::Error;

/// Returns the items of two streams in pairs, until one of them ends.
///
/// It holds one item of each stream.
#[derive(Debug)]
pub(crate) struct Zip<A, B> {
    left: Option<A>,
    right: Option<B>,
    over: bool,
}

impl<A, B> Zip<A, B> {
    pub(crate) fn new() -> Self {
        Self {
            left: None,
            right: None,
            over: false,
        }
    }
}

impl<A: Send + 'static, B: Send + 'static> Pairing<A, B> for Zip<A, B> {
    type Out = (A, B);

    fn wanted(&self) -> Wanted {
        match (&self.left, &self.right) {
            _ if self.over => Wanted::Nothing,
            (None, None) => Wanted::Any,
            (None, Some(_)) => Wanted::Left,
            (Some(_), _) => Wanted::Right,
        }
    }

    fn left(&mut self, item: A) -> Result<(), Error> {
        self.left = Some(item);
        Ok(())
    }

    fn right(&mut self, item: B) -> Result<(), Error> {
        self.right = Some(item);
        Ok(())
    }

    fn left_ended(&mut self) {
        self.over = true;
    }

    fn right_ended(&mut self) {
        self.over = true;
    }

    fn due(&mut self) -> Option<(A, B)> {
        match (self.left.take(), self.right.take()) {
            (Some(left), Some(right)) => Some((left, right)),
            (left, right) => {
                (self.left, self.right) = (left, right);
                None
            }
        }
    }
}
