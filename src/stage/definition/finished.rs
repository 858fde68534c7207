use super::super::Failure;
use crate::error::Error;

/// The return value of a function for the end of the input: outputs of the stage.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the output of a stage at the end of its input",
    label = "not outputs of the type `{T}`",
    note = "`finish` names a function of the state that returns `Option<{T}>`, `Vec<{T}>`, an \
            array, or one of them in a `Result`"
)]
pub trait Finished<T> {
    /// Returns the outputs.
    ///
    /// # Errors
    ///
    /// Returns the error, if it is one.
    fn into_outputs(self) -> Result<Vec<T>, Error>;
}

#[diagnostic::do_not_recommend]
impl<T> Finished<T> for Option<T> {
    fn into_outputs(self) -> Result<Vec<T>, Error> {
        Ok(self.into_iter().collect())
    }
}

#[diagnostic::do_not_recommend]
impl<T> Finished<T> for Vec<T> {
    fn into_outputs(self) -> Result<Vec<T>, Error> {
        Ok(self)
    }
}

#[diagnostic::do_not_recommend]
impl<T, const N: usize> Finished<T> for [T; N] {
    fn into_outputs(self) -> Result<Vec<T>, Error> {
        Ok(self.into())
    }
}

#[diagnostic::do_not_recommend]
impl<T, M: Finished<T>, E: Failure> Finished<T> for Result<M, E> {
    fn into_outputs(self) -> Result<Vec<T>, Error> {
        match self {
            Ok(many) => many.into_outputs(),
            Err(error) => Err(error.into_error()),
        }
    }
}
