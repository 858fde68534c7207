use super::pairing::{Pairing, Wanted};
use crate::error::Error;

/// Returns one pair: the only item of one stream, and the only item of another.
///
/// Both streams are read to their ends, so that neither blocks a fork before them.
#[derive(Debug)]
pub(crate) struct Both<A, B> {
    left: Side<A>,
    right: Side<B>,
    given: bool,
}

#[derive(Debug)]
struct Side<T> {
    item: Option<T>,
    ended: bool,
}

impl<T> Side<T> {
    fn new() -> Self {
        Self {
            item: None,
            ended: false,
        }
    }

    fn put(&mut self, which: &str, item: T) -> Result<(), Error> {
        if self.item.replace(item).is_some() {
            let reason = format_args!(
                "the {which} branch outputs several items; `fork_join` takes one of each branch: end \
                 the branch with `fold`, or with a stage that returns a value"
            );
            return Err(Error::msg(reason));
        }
        Ok(())
    }
}

impl<A, B> Both<A, B> {
    pub(crate) fn new() -> Self {
        Self {
            left: Side::new(),
            right: Side::new(),
            given: false,
        }
    }
}

impl<A: Send + 'static, B: Send + 'static> Pairing<A, B> for Both<A, B> {
    type Out = (A, B);

    fn wanted(&self) -> Wanted {
        match (self.left.ended, self.right.ended) {
            (false, false) => Wanted::Any,
            (false, true) => Wanted::Left,
            (true, false) => Wanted::Right,
            (true, true) => Wanted::Nothing,
        }
    }

    fn left(&mut self, item: A) -> Result<(), Error> {
        self.left.put("first", item)
    }

    fn right(&mut self, item: B) -> Result<(), Error> {
        self.right.put("second", item)
    }

    fn left_ended(&mut self) {
        self.left.ended = true;
    }

    fn right_ended(&mut self) {
        self.right.ended = true;
    }

    fn due(&mut self) -> Option<(A, B)> {
        if !(self.left.ended && self.right.ended) {
            return None;
        }
        let pair = self.left.item.take().zip(self.right.item.take());
        self.given |= pair.is_some();
        pair
    }

    fn finish(&mut self) -> Result<(), Error> {
        if self.given {
            return Ok(());
        }
        Err(Error::msg(
            "a branch has output no item; `fork_join` takes one of each branch",
        ))
    }
}
