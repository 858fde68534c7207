use super::Service;

/// What is used as a stage where one is wanted: its value, or the function that gives it.
///
/// `#[pipeline_stage]` on `fn lowercase` makes a type `lowercase` and a function `lowercase()` that
/// gives its value. `then(lowercase)` takes the function, so that the stage's name is a function's
/// name: a variable may have the same. `Form` only tells the two apart; it is inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pipeline stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here"
)]
pub trait IntoStage<Form> {
    /// The stage, producer or consumer.
    type Stage: Service;

    /// The stage itself.
    fn into_stage(self) -> Self::Stage;
}

/// The form of a stage that is given as a value.
#[derive(Debug)]
pub enum AsValue {}

/// The form of a stage that is given as the function that makes it.
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
