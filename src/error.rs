//! The crate's error: what any operation can end in, for code that only passes it on.

use std::error::Error as StdError;
use std::fmt;

use crate::channel::{ReadError, ReceiveError};
use crate::wire::Abort;

/// Any error, with its causes.
///
/// `?` turns every error into one, those of this crate and those of others, so a stage or a `main`
/// can use it throughout. For the same reason it does not implement
/// [`std::error::Error`] itself; [`as_dyn`](Self::as_dyn) and `Box::from` give one that does.
/// `Display` prints this error, `{:#}` and `Debug` all its causes.
///
/// ```
/// fn number(text: &str) -> pipewright::Result<u32> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(number("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct Error(Box<dyn StdError + Send + Sync>);

/// A result whose error is [`Error`] unless told.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that is only a text.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    /// Any error, boxed or not; one of this crate stays what it is.
    pub(crate) fn boxed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// The error inside.
    pub fn as_dyn(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }

    /// The error inside, if it is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// The error inside, if it is an `E`.
    ///
    /// # Errors
    ///
    /// This error, if it is not.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        self.0.downcast().map(|error| *error).map_err(Self)
    }

    /// This error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let first: &(dyn StdError + 'static) = &*self.0;
        std::iter::successors(Some(first), |&error| error.source())
    }

    /// The writer's own account, where a stream was aborted.
    pub fn abort(&self) -> Option<&Abort> {
        self.read_error()?.abort()
    }

    /// Whether a stream was cut short.
    pub fn is_truncated(&self) -> bool {
        self.read_error().is_some_and(ReadError::is_truncated)
    }

    fn read_error(&self) -> Option<&ReadError> {
        self.chain().find_map(|error| {
            if let Some(ReceiveError::Stream(error)) = error.downcast_ref() {
                return Some(error);
            }
            // The byte faces wrap it in an `io::Error`, which hides what it wraps from `source`.
            let error = match error.downcast_ref::<std::io::Error>() {
                Some(io) => io.get_ref()?,
                None => error,
            };
            error.downcast_ref()
        })
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl From<Error> for Box<dyn StdError + Send + Sync> {
    fn from(error: Error) -> Self {
        error.0
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)?;
        if f.alternate() {
            for cause in self.chain().skip(1) {
                write!(f, ": {cause}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    /// For people, because `main` prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:#}")
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::Error;
    use crate::channel::{ReadError, ReceiveError};
    use crate::wire::Abort;

    #[test]
    fn finds_the_abort_in_every_wrapping() {
        let aborted = || ReadError::Aborted(Abort::new("c", "m"));
        for error in [
            Error::from(aborted()),
            Error::from(ReceiveError::from(aborted())),
            Error::from(io::Error::from(aborted())),
        ] {
            assert_eq!(
                error.abort().map(|abort| abort.code.as_str()),
                Some("c"),
                "{error}"
            );
            assert!(!error.is_truncated());
        }
        assert!(Error::from(ReadError::NeverWritten).is_truncated());
        assert!(Error::msg("text").abort().is_none());
    }
}
