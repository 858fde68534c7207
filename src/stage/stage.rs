use std::future::Future;

use futures::Stream;
use serde::Serialize;
use serde_json::Value;

use super::{
    Configured, Ends, Flow, IntoStage, Remote, StageContext, StageError, StageInfo, StageReport,
    remote,
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
    note = "a producer begins a pipeline, with `Pipeline::produce`; a consumer ends it, with `consume`"
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
    fn id(&self) -> String;

    /// What the stage tells of itself where it is registered.
    #[doc(hidden)]
    fn info(&self) -> StageInfo {
        StageInfo::of_stage::<Self>()
    }

    /// Where the stage runs when a pipeline is started on channels.
    #[doc(hidden)]
    fn placement(&self) -> Placement {
        Placement::Here
    }

    /// The parameters that were chosen where the stage is used.
    #[doc(hidden)]
    fn params(&self) -> Value {
        Value::Null
    }

    /// Joins the stage to a stream within the process.
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
    /// They are serialised here; a stage that cannot read them refuses the run.
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
    /// Parameters are set after it: `count.remote().with_params(..)`.
    fn remote(self) -> RemoteOf<Self::Stage>
    where
        Self::Stage: Stage,
    {
        remote(self.into_stage().id()).formats()
    }
}

impl<Form, S: IntoStage<Form>> StageExt<Form> for S {}
