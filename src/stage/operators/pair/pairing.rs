use crate::error::Error;

/// Which of the two streams to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Only the first.
    Left,
    /// Only the second.
    Right,
    /// Whichever has an item.
    Any,
    /// Neither: there will be no more outputs.
    Nothing,
}

/// Joins the items of two streams. It does no I/O and reads no clock.
pub trait Pairing<A, B>: Send + 'static {
    /// The type of the outputs.
    type Out: Send + 'static;

    /// Which stream to read next, when no output is due.
    fn wanted(&self) -> Wanted;

    /// Takes an item of the first stream.
    fn left(&mut self, item: A) -> Result<(), Error>;

    /// Takes an item of the second stream.
    fn right(&mut self, item: B) -> Result<(), Error>;

    /// The first stream has ended.
    fn left_ended(&mut self);

    /// The second stream has ended.
    fn right_ended(&mut self);

    /// Returns the next output that is due.
    fn due(&mut self) -> Option<Self::Out>;

    /// Checks the end: no item is needed, and no output is due.
    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
