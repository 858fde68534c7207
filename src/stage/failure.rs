use std::error::Error as StdError;

use crate::error::Error;

/// A type that a stage's function may return as its error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a stage",
    label = "not an error",
    note = "implement `std::error::Error` for `{Self}`, or return `pipewright::Result`, which `?` turns every error into"
)]
pub trait Failure {
    /// Converts the error for the stage's run.
    fn into_error(self) -> Error;
}

/// Errors, strings, and boxed errors of other crates such as `anyhow`.
#[diagnostic::do_not_recommend]
impl<E> Failure for E
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_error(self) -> Error {
        Error::boxed(self)
    }
}
