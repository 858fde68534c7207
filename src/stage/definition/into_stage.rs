use super::super::Service;

/// A value that can be used as a stage: the stage itself, or the function that returns it.
///
/// `#[pipeline_stage]` on `fn lowercase` creates a type `lowercase` and a function `lowercase()`
/// that returns its value. `then(lowercase)` takes the function, so the name of a stage behaves
/// like a function name, and a variable may have the same name. `Form` distinguishes the two and is
/// inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pipeline stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here"
)]
pub trait IntoStage<Form> {
    /// The stage, producer or consumer.
    type Stage: Service;

    /// Returns the stage.
    fn into_stage(self) -> Self::Stage;
}

/// The form of a stage that is passed as a value.
#[derive(Debug)]
pub enum AsValue {}

/// The form of a stage that is passed as the function that creates it.
#[derive(Debug)]
pub enum AsFunction {}

impl<S: Service> IntoStage<AsValue> for S {
    type Stage = S;

    fn into_stage(self) -> S {
        self
    }
}

impl<F, S> IntoStage<AsFunction> for F
where
    F: FnOnce() -> S,
    S: Service,
{
    type Stage = S;

    fn into_stage(self) -> S {
        self()
    }
}
