use std::future::Future;

use futures::Stream;

use super::{Ends, Flow, Part, StageContext, StageError, StageFacts, StageReport};
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

    /// Everything known about the stage. A wrapper forwards everything that it does not change.
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
