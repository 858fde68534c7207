use std::error::Error as StdError;

use crate::error::Error;

/// What a stage's function may return as its error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the error of a stage",
    label = "not an error",
    note = "implement `std::error::Error` for `{Self}`, or return `pipewright::Result`, which `?` turns every error into"
)]
pub trait Failure {
    /// The error as the stage's run sees it.
    fn into_error(self) -> Error;
}

/// Errors, texts, and the boxes of errors that other crates make, such as `anyhow`.
#[diagnostic::do_not_recommend]
impl<E> Failure for E
where
    E: Into<Box<dyn StdError + Send + Sync>>,
{
    fn into_error(self) -> Error {
        Error::boxed(self)
    }
}
