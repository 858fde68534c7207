use serde::Serialize;

use super::{Configured, IntoStage, Remote, Renamed, Stage};

/// A stage with the types of `S` on another worker.
type RemoteOf<S> =
    Remote<<S as Stage>::In, <S as Stage>::Out, <S as Stage>::InFormat, <S as Stage>::OutFormat>;

/// Settings of a stage, a producer or a consumer where it is used.
pub trait StageExt<Form>: IntoStage<Form> + Sized {
    /// Sets the parameters, for its argument `params`.
    ///
    /// They are serialised here; a stage that cannot deserialise them rejects the run. If they are
    /// set twice, the later ones apply. In a composed stage, the parameters go to each part that
    /// takes parameters and has none yet.
    ///
    /// # Panics
    ///
    /// Panics if `params` cannot be represented in JSON, for example a map whose keys are not
    /// strings.
    fn with_params(self, params: impl Serialize) -> Configured<Self::Stage> {
        Configured::new(self.into_stage(), &params)
    }

    /// Returns the same stage under another id, for [`Worker::register`](crate::Worker::register),
    /// reports and errors. A composed stage becomes one part of the run.
    fn with_id(self, id: impl Into<String>) -> Renamed<Self::Stage> {
        Renamed::new(self.into_stage(), id)
    }

    /// Runs the stage on the worker that has registered it, instead of within this process. The
    /// compiler still checks its types.
    ///
    /// Parameters set before or after this call are sent to that worker. A policy cannot be sent:
    /// register the stage with its policy on that worker. A stage with a policy, dead letters or
    /// retries does not compile here:
    ///
    /// ```compile_fail
    /// use pipewright::{ItemStageExt, Policy, StageExt, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn parse(text: String) -> pipewright::Result<i32> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// let stage = parse.on_error(Policy::Skip).remote();
    /// ```
    ///
    /// Changing its id makes no difference:
    ///
    /// ```compile_fail
    /// use pipewright::{ItemStageExt, Policy, StageExt, pipeline_stage};
    ///
    /// #[pipeline_stage]
    /// fn parse(text: String) -> pipewright::Result<i32> {
    ///     Ok(text.parse()?)
    /// }
    ///
    /// let stage = parse.on_error(Policy::Skip).with_id("numbers").remote();
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if several parts of a composed stage have parameters of their own, because a stage is
    /// triggered with only one value.
    fn remote(self) -> RemoteOf<Self::Stage>
    where
        Self::Stage: Stage,
    {
        const {
            assert!(
                !<Self::Stage as Stage>::HAS_POLICY,
                "a policy cannot be sent to another worker: register the stage there with its policy"
            );
        }
        Remote::of(self.into_stage())
    }
}

impl<Form, S: IntoStage<Form>> StageExt<Form> for S {}
