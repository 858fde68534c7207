use std::fmt;
use std::marker::PhantomData;

use bytes::BytesMut;
use futures::FutureExt;
use futures::future::{BoxFuture, ready};

use super::error_handling::{ErrorHandling, Sealed};
use super::{DeadLetter, DeadLetters};
use crate::channel::BadItem;
use crate::codec::Encode;
use crate::error::Error;

/// Sends failed items to the dead letters, in the format `F` of the stage's input.
pub struct ToDeadLetters<F> {
    letters: DeadLetters,
    format: PhantomData<fn() -> F>,
}

impl<F> ToDeadLetters<F> {
    pub(super) fn new(letters: DeadLetters) -> Self {
        Self {
            letters,
            format: PhantomData,
        }
    }

    fn post(&self, letter: DeadLetter, cause: Error) -> BoxFuture<'static, Result<(), Error>> {
        let letters = self.letters.clone();
        async move {
            letters.post(letter).await.map_err(|error| {
                Error::msg(format_args!(
                    "{cause:#}; and the item could not be sent to the dead letters: {error:#}"
                ))
            })
        }
        .boxed()
    }
}

impl<F> Sealed for ToDeadLetters<F> {}

impl<In, F> ErrorHandling<In> for ToDeadLetters<F>
where
    In: Clone + Send + 'static,
    F: Encode<In>,
{
    type Kept = In;

    const DEAD_LETTERS: bool = true;

    fn is_for_bad_items(&self) -> bool {
        true
    }

    fn end(&self) -> Option<BoxFuture<'static, Result<(), Error>>> {
        Some(self.letters.end())
    }

    fn keep(&self, item: &In) -> In {
        item.clone()
    }

    fn failed(
        &self,
        item: In,
        stage: &str,
        number: u64,
        error: Error,
    ) -> BoxFuture<'static, Result<(), Error>> {
        let mut bytes = BytesMut::new();
        if let Err(unwritable) = F::default().encode(item, &mut bytes) {
            let reason = format!(
                "{error:#}; and the item could not be written as a dead letter: {}",
                unwritable.error
            );
            return ready(Err(Error::msg(reason))).boxed();
        }
        let letter = DeadLetter {
            stage: stage.to_owned(),
            item: number,
            format: F::NAME.to_owned(),
            bytes: bytes.freeze(),
            error: format!("{error:#}"),
        };
        self.post(letter, error)
    }

    fn bad(&self, item: BadItem, stage: &str) -> BoxFuture<'static, Result<(), Error>> {
        let letter = DeadLetter {
            stage: stage.to_owned(),
            item: item.number,
            format: F::NAME.to_owned(),
            bytes: item.bytes.clone(),
            error: item.to_string(),
        };
        self.post(letter, item.into())
    }
}

impl<F> Clone for ToDeadLetters<F> {
    fn clone(&self) -> Self {
        Self::new(self.letters.clone())
    }
}

impl<F> fmt::Debug for ToDeadLetters<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.letters.fmt(f)
    }
}
