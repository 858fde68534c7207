use std::any::Any;
use std::fmt;

use crate::channel::error_chain;
use crate::wire::ErrorBody;

/// A function's error with a code, as its caller receives it.
///
/// A function may return any error that implements `Display`; its code is then `invocation_failed`.
/// Return this type to choose the code. `?` converts every error into it, so it cannot implement
/// [`Error`](std::error::Error) itself.
///
/// ```
/// use pipewright::FunctionError;
///
/// async fn half(n: u64) -> Result<u64, FunctionError> {
///     if n % 2 == 1 {
///         return Err(FunctionError::new("odd_number", "only even numbers have a half"));
///     }
///     Ok(n / 2)
/// }
/// # let _ = half(2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionError(ErrorBody);

impl FunctionError {
    /// Creates an error with a code for programs and a message for people.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self(ErrorBody::new(code, message))
    }

    /// The code for programs.
    pub fn code(&self) -> &str {
        &self.0.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The error in its wire form.
    pub fn into_inner(self) -> ErrorBody {
        self.0
    }

    pub(in crate::worker) fn failed(message: impl Into<String>) -> Self {
        Self::new(ErrorBody::INVOCATION_FAILED, message)
    }

    /// Converts any error that implements `Display`; an error of this type keeps its code.
    ///
    /// The alternate form is used, in which `anyhow` and similar types print their causes.
    pub(in crate::worker) fn of<E: fmt::Display + 'static>(error: E) -> Self {
        match (&error as &dyn Any).downcast_ref::<Self>() {
            Some(own) => own.clone(),
            None => Self::failed(format!("{error:#}")),
        }
    }
}

impl<E: std::error::Error> From<E> for FunctionError {
    /// The code is `invocation_failed`; the message contains the error and its causes.
    fn from(error: E) -> Self {
        Self::failed(error_chain(&error))
    }
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::FunctionError;

    #[test]
    fn its_own_code_survives_and_others_become_failures() {
        let own = FunctionError::new("odd_number", "no half");
        assert_eq!(FunctionError::of(own.clone()), own);
        let other = FunctionError::of("plain text");
        assert_eq!(
            (other.code(), other.message()),
            ("invocation_failed", "plain text")
        );
    }

    #[test]
    fn a_question_mark_keeps_the_causes() {
        let failed = || -> Result<(), FunctionError> {
            Err(std::io::Error::other("disk full"))?;
            Ok(())
        };
        assert_eq!(failed().unwrap_err().message(), "disk full");
    }
}
