use futures::Stream;
use futures::future::{BoxFuture, FutureExt};

use crate::channel::local_bytes;
use crate::stage::{
    Ends, Flow, IntoStage, Service, Stage, StageContext, StageError, StageInfo, StageReport,
};

/// Two stages as one; see [`Compose::then`](Compose::then).
#[derive(Clone, Debug)]
pub struct Composed<A, B> {
    first: A,
    second: B,
}

/// Stages composed before they are in a pipeline: the whole is a stage again, and can be
/// registered by a worker.
pub trait Compose<Form>: IntoStage<Form, Stage: Stage> + Sized {
    /// This stage, and `next` after it.
    fn then<B, NextForm>(self, next: B) -> Composed<Self::Stage, B::Stage>
    where
        B: IntoStage<NextForm>,
        B::Stage:
            Stage<In = <Self::Stage as Stage>::Out, InFormat = <Self::Stage as Stage>::OutFormat>,
    {
        Composed {
            first: self.into_stage(),
            second: next.into_stage(),
        }
    }
}

impl<Form, S: IntoStage<Form, Stage: Stage>> Compose<Form> for S {}

#[diagnostic::do_not_recommend]
impl<A, B> Stage for Composed<A, B>
where
    A: Stage,
    B: Stage<In = A::Out, InFormat = A::OutFormat>,
{
    type In = A::In;
    type Out = B::Out;
    type InFormat = A::InFormat;
    type OutFormat = B::OutFormat;

    /// The ids of both, joined by `+`.
    fn id(&self) -> String {
        format!("{}+{}", self.first.id(), self.second.id())
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<B::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<A::In>> + Send + 'static,
    {
        let first = context.for_stage(self.first.id());
        let second = context.for_stage(self.second.id());
        self.second.fuse(self.first.fuse(input, first), second)
    }

    async fn serve(self, ends: Ends, context: StageContext) -> Result<StageReport, StageError> {
        let (writer, reader) = local_bytes();
        let first = Ends {
            reader: ends.reader,
            writer: Some(writer),
        };
        let second = Ends {
            reader: Some(reader),
            writer: ends.writer,
        };
        let (first, second) = futures::join!(
            self.first
                .clone()
                .serve(first, context.for_stage(self.first.id())),
            self.second
                .clone()
                .serve(second, context.for_stage(self.second.id())),
        );
        match (first, second) {
            // What began before counts, unless it only gave way to what came after.
            (Err(first), Err(second)) if first.is_output_gone() => Err(second),
            (Err(first), _) => Err(first),
            (Ok(_), Err(second)) => Err(second),
            (Ok(first), Ok(second)) => Ok(first.followed_by(&second)),
        }
    }
}

impl<A, B> Service for Composed<A, B>
where
    A: Stage,
    B: Stage<In = A::Out, InFormat = A::OutFormat>,
{
    fn service_id(&self) -> String {
        self.id()
    }

    fn service_info(&self) -> StageInfo {
        Stage::info(self)
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}
