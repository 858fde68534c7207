//! The crate's error type, for code that propagates any error.

use std::error::Error as StdError;
use std::fmt;

use crate::channel::{ReadError, ReceiveError};
use crate::wire::Abort;

/// Any error, with its causes.
///
/// `?` converts every error into it, from this crate or others, so it suits stages and `main`. It
/// therefore cannot implement [`std::error::Error`] itself; [`as_dyn`](Self::as_dyn) and
/// `Box::from` return a type that does. `Display` prints only this error; `{:#}` and `Debug` print
/// all causes.
///
/// ```
/// fn number(text: &str) -> pipewright::Result<u32> {
///     Ok(text.parse()?)
/// }
/// assert_eq!(number("x").unwrap_err().to_string(), "invalid digit found in string");
/// ```
pub struct Error(Box<dyn StdError + Send + Sync>);

/// A `Result` whose error type defaults to [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Creates an error from a message.
    pub fn msg(message: impl fmt::Display) -> Self {
        Self(message.to_string().into())
    }

    /// Wraps any error, boxed or not. An [`Error`] is not wrapped again.
    pub(crate) fn boxed(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// Returns the inner error.
    pub fn as_dyn(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &*self.0
    }

    /// Returns the inner error, if it is an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }

    /// Returns the inner error, if it is an `E`.
    ///
    /// # Errors
    ///
    /// Returns this error if it is not an `E`.
    pub fn downcast<E: StdError + 'static>(self) -> Result<E, Self> {
        self.0.downcast().map(|error| *error).map_err(Self)
    }

    /// Iterates over this error and its causes, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = &(dyn StdError + 'static)> {
        let first: &(dyn StdError + 'static) = &*self.0;
        std::iter::successors(Some(first), |&error| error.source())
    }

    /// The abort sent by the writer, if the stream was aborted.
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
            // The byte-oriented traits wrap it in an `io::Error`, whose `source` skips the wrapped
            // error.
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
    /// Prints all causes in readable form, because `main` uses `Debug`.
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
