use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use crate::channel::BadItem;
use crate::error::Error;

/// What happens to an item that a stage cannot process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The stage fails, and with it the run.
    #[default]
    Fail,
    /// The item is skipped and counted; see
    /// [`StageReport::items_skipped`](crate::StageReport::items_skipped).
    Skip,
}

/// The handling of failed items of type `In`: a [`Policy`] or the dead letters. Sealed.
pub trait ErrorHandling<In>: Sealed + Clone + Send + Sync + 'static {
    /// The data kept of an item while it is processed.
    type Kept: Send + 'static;

    /// Whether failed items go to the dead letters.
    const DEAD_LETTERS: bool = false;

    /// Waits for outstanding work after the error handling was dropped.
    fn end(&self) -> Option<BoxFuture<'static, Result<(), Error>>> {
        None
    }

    /// Whether items that cannot be decoded are handled.
    fn is_for_bad_items(&self) -> bool;

    /// Keeps the data of an item that is needed if it fails.
    fn keep(&self, item: &In) -> Self::Kept;

    /// Handles the item numbered `number`. Fails if that is impossible.
    fn failed(
        &self,
        kept: Self::Kept,
        stage: &str,
        number: u64,
        error: Error,
    ) -> BoxFuture<'static, Result<(), Error>>;

    /// Handles an item that cannot be decoded.
    fn bad(&self, item: BadItem, stage: &str) -> BoxFuture<'static, Result<(), Error>>;
}

/// Prevents other implementations of [`ErrorHandling`].
pub trait Sealed {}

impl Sealed for Policy {}

impl<In> ErrorHandling<In> for Policy {
    type Kept = ();

    fn is_for_bad_items(&self) -> bool {
        *self == Self::Skip
    }

    #[inline]
    fn keep(&self, _: &In) {}

    fn failed(
        &self,
        (): (),
        _: &str,
        _: u64,
        error: Error,
    ) -> BoxFuture<'static, Result<(), Error>> {
        let result = match self {
            Self::Fail => Err(error),
            Self::Skip => Ok(()),
        };
        ready(result).boxed()
    }

    fn bad(&self, item: BadItem, stage: &str) -> BoxFuture<'static, Result<(), Error>> {
        ErrorHandling::<In>::failed(self, (), stage, item.number, item.into())
    }
}
