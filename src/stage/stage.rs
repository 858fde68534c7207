use std::future::Future;

use futures::Stream;
use serde::Serialize;

use super::{
    Configured, Ends, Flow, IntoStage, Part, Remote, StageContext, StageError, StageFacts,
    StageReport,
};
use crate::codec::{Decode, Encode};

/// One step of a pipeline: items of type `In` become items of type `Out`.
///
/// Written by `#[pipeline_stage]` on a function; see there for the shapes. A stage is a small
/// value that is cloned for every run.
///
/// It runs in two ways with one behaviour: fused with its neighbours in one process, where items
/// are handed over as they are, and over channels, from a reader to a writer, anywhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a pipeline stage",
    label = "not a stage",
    note = "put `#[pipeline_stage]` on the function that is used here",
    note = "a producer begins a pipeline, with `Pipeline::produce`; a consumer ends it, with `consume`; \
            policies and `remote()` are for the stages between them"
)]
pub trait Stage: Clone + Send + Sync + 'static {
    /// What comes in.
    type In: Send + 'static;
    /// What goes out.
    type Out: Send + 'static;
    /// How items come in over a channel.
    type InFormat: Encode<Self::In> + Decode<Self::In>;
    /// How items go out over a channel.
    type OutFormat: Encode<Self::Out> + Decode<Self::Out>;

    /// The id that workers register it by, such as `text::count`.
    fn id(&self) -> String {
        self.facts().id
    }

    /// Everything that is known of the stage. A stage around another one passes on what it does not
    /// change.
    #[doc(hidden)]
    fn facts(&self) -> StageFacts;

    /// The stages that it is made of, in the order of the stream. Each is a part of the run, in
    /// its report and over channels; most stages are one, [`Part::of`] themselves.
    #[doc(hidden)]
    fn parts(self) -> Vec<Part>;

    /// Joins the stage to a stream within the process, and counts what comes out of each part.
    #[doc(hidden)]
    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<Self::In>> + Send + 'static;

    /// Runs the stage from a reader to a writer, to its end.
    #[doc(hidden)]
    fn serve(
        self,
        ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static;
}

/// Where a stage runs when a pipeline is started on channels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// In the process that starts the pipeline.
    Here,
    /// On the worker that has registered it.
    Registered,
}

/// A stage with the types of `S`, on some worker.
type RemoteOf<S> =
    Remote<<S as Stage>::In, <S as Stage>::Out, <S as Stage>::InFormat, <S as Stage>::OutFormat>;

/// Settings of a stage, a producer or a consumer at the place where it is used.
pub trait StageExt<Form>: IntoStage<Form> + Sized {
    /// The same with parameters, for its argument `params`.
    ///
    /// They are serialised here; a stage that cannot read them refuses the run. Set twice, the
    /// later parameters count. Of a composed stage, each part that takes parameters and has none
    /// of its own gets them.
    ///
    /// # Panics
    ///
    /// When `params` has no JSON form, a map with keys that are not strings for one.
    fn with_params(self, params: impl Serialize) -> Configured<Self::Stage> {
        Configured::new(self.into_stage(), &params)
    }

    /// The same stage on whichever worker has registered it, instead of within this process; its
    /// types are compared by the compiler all the same.
    ///
    /// Parameters go with it, whether they are set before or after it. A policy does not: it holds
    /// where the worker has registered the stage with it.
    ///
    /// # Panics
    ///
    /// When several parts of a composed stage have parameters of their own, because a stage is
    /// triggered with one value.
    fn remote(self) -> RemoteOf<Self::Stage>
    where
        Self::Stage: Stage,
    {
        Remote::of(self.into_stage())
    }
}

impl<Form, S: IntoStage<Form>> StageExt<Form> for S {}
