use std::future::Future;

use futures::Stream;
use serde::Serialize;

use super::{
    Configured, Ends, Flow, IntoStage, Part, Remote, Renamed, StageContext, StageError, StageFacts,
    StageReport,
};
use crate::codec::{Decode, Encode};

/// One step of a pipeline, which transforms items of type `In` into items of type `Out`.
///
/// Create one with `#[pipeline_stage]` on a function; its documentation lists the supported
/// signatures. A stage is a small value that is cloned for every run.
///
/// A stage runs in two ways with the same behaviour. Fused with its neighbours in one process,
/// items are passed as values. Over channels, it runs anywhere between a reader and a writer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pipeline stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here",
    note = "a producer begins a pipeline, with `Pipeline::produce`; a consumer ends it, with `consume`; \
            policies and `remote()` are for the stages between them"
)]
pub trait Stage: Clone + Send + Sync + 'static {
    /// The type of the input items.
    type In: Send + 'static;
    /// The type of the output items.
    type Out: Send + 'static;
    /// The format of the input over a channel.
    type InFormat: Encode<Self::In> + Decode<Self::In>;
    /// The format of the output over a channel.
    type OutFormat: Encode<Self::Out> + Decode<Self::Out>;

    /// Whether a policy, dead letters or retries are set at the place of use.
    #[doc(hidden)]
    const HAS_POLICY: bool;

    /// The id used for registration, such as `text::count`.
    fn id(&self) -> String {
        self.facts().id
    }

    /// Everything known about the stage. A wrapper forwards what it does not change.
    #[doc(hidden)]
    fn facts(&self) -> StageFacts;

    /// The stages that it consists of, in the order of the stream. Each is a part of the run, in
    /// its report and over channels. Most stages are a single part: [`Part::of`].
    #[doc(hidden)]
    fn parts(self) -> Vec<Part>;

    /// Connects the stage to a stream within the process, and counts the outputs of each part.
    #[doc(hidden)]
    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<Self::In>> + Send + 'static;

    /// Runs the stage from a reader to a writer.
    #[doc(hidden)]
    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static;
}

/// Where a stage runs when a pipeline is started over channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the process that starts the pipeline.
    Here,
    /// On the worker that has registered it.
    Registered,
}

/// A stage with the types of `S` on another worker.
type RemoteOf<S> =
    Remote<<S as Stage>::In, <S as Stage>::Out, <S as Stage>::InFormat, <S as Stage>::OutFormat>;

/// Settings of a stage, a producer or a consumer where it is used.
pub trait StageExt<Form>: IntoStage<Form> + Sized {
    /// Sets the parameters, for its argument `params`.
    ///
    /// They are serialised here; a stage that cannot deserialise them rejects the run. If set
    /// twice, the later parameters count. In a composed stage, each part that takes parameters and
    /// has none of its own gets them.
    ///
    /// # Panics
    ///
    /// Panics if `params` cannot be represented in JSON, for example a map whose keys are not
    /// strings.
    fn with_params(self, params: impl Serialize) -> Configured<Self::Stage> {
        Configured::new(self.into_stage(), &params)
    }

    /// The same stage under another id: for [`Worker::register`](crate::Worker::register), in
    /// reports and in errors. A composed stage becomes one part of the run.
    fn with_id(self, id: impl Into<String>) -> Renamed<Self::Stage> {
        Renamed::new(self.into_stage(), id)
    }

    /// Runs the stage on the worker that has registered it, instead of within this process. The
    /// compiler still checks its types.
    ///
    /// Parameters set before or after this call are sent with it. A policy cannot be: register the
    /// stage with its policy on that worker. A stage with a policy, dead letters or retries does
    /// not compile here:
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
    /// Another id does not change that:
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
    /// triggered with one value.
    fn remote(self) -> RemoteOf<Self::Stage>
    where
        Self::Stage: Stage,
    {
        const {
            assert!(
                !<Self::Stage as Stage>::HAS_POLICY,
                "a policy does not go to another worker: register the stage there with its policy"
            );
        }
        Remote::of(self.into_stage())
    }
}

impl<Form, S: IntoStage<Form>> StageExt<Form> for S {}
