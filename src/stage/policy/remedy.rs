use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use crate::channel::BadItem;
use crate::error::Error;

/// What becomes of an item that a stage cannot handle, without a place to put it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Policy {
    /// The stage fails, and with it the run.
    #[default]
    Fail,
    /// The item is left out and counted, see
    /// [`StageReport::items_skipped`](crate::StageReport::items_skipped).
    Skip,
}

/// What is done about items of type `In` that failed: a [`Policy`], or the dead letters. Not to be
/// implemented elsewhere.
pub trait Remedy<In>: Sealed + Clone + Send + Sync + 'static {
    /// What has to be kept of an item until it is handled.
    type Kept: Send + 'static;

    /// Whether items that failed go to the dead letters.
    const DEAD_LETTERS: bool = false;

    /// Waits, once the remedy was dropped, until everything that it did is done.
    fn end(&self) -> Option<BoxFuture<'static, Result<(), Error>>> {
        None
    }

    /// Whether anything is done about items that cannot even be read.
    fn is_for_bad_items(&self) -> bool;

    /// Keeps what is needed of an item, before it is handled.
    fn keep(&self, item: &In) -> Self::Kept;

    /// Deals with the item numbered `number`; an error if that cannot be done.
    fn failed(
        &self,
        kept: Self::Kept,
        stage: &str,
        number: u64,
        error: Error,
    ) -> BoxFuture<'static, Result<(), Error>>;

    /// Deals with an item that cannot be read.
    fn bad(&self, item: BadItem, stage: &str) -> BoxFuture<'static, Result<(), Error>>;
}

/// Keeps [`Remedy`] free to grow.
pub trait Sealed {}

impl Sealed for Policy {}

impl<In> Remedy<In> for Policy {
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
        Remedy::<In>::failed(self, (), stage, item.number, item.into())
    }
}
