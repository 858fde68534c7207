use futures::Stream;
use futures::future::{BoxFuture, FutureExt};

use crate::channel::local_bytes;
use crate::stage::{
    Ends, Flow, IntoStage, Part, Reads, Service, Stage, StageContext, StageError, StageFacts,
    StageInfo, StageReport,
};
use crate::worker::ResourceType;

/// Two stages as one; see [`Compose::then`](Compose::then).
///
/// In a pipeline, each of the two stages runs where it is placed and with its own parameters.
#[derive(Clone, Debug)]
pub struct Composed<A, B> {
    first: A,
    second: B,
}

/// Composition of stages outside of a pipeline. The result is a stage, which a worker can register.
pub trait Compose<Form>: IntoStage<Form, Stage: Stage> + Sized {
    /// Appends the stage `next` to this one.
    fn then<B, NextForm>(self, next: B) -> Composed<Self::Stage, B::Stage>
    where
        B: IntoStage<NextForm>,
        B::Stage:
            Stage<In = <Self::Stage as Stage>::Out> + Reads<<Self::Stage as Stage>::OutFormat>,
    {
        Composed {
            first: self.into_stage(),
            second: next.into_stage(),
        }
    }
}

impl<Form, S: IntoStage<Form, Stage: Stage>> Compose<Form> for S {}

impl<A: Stage, B: Stage> Composed<A, B> {
    /// The contexts of both parts. Parameters go to the parts that take them; if neither does, the
    /// first part rejects them.
    fn contexts(&self, context: &StageContext) -> [StageContext; 2] {
        let (first, second) = (self.first.facts(), self.second.facts());
        let takes = first.takes_params || !second.takes_params;
        [
            context.for_part(&first, takes),
            context.for_part(&second, second.takes_params),
        ]
    }
}

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

    const HAS_POLICY: bool = A::HAS_POLICY || B::HAS_POLICY;

    /// Joins the ids with `+`. Placement and parameters belong to the parts.
    fn facts(&self) -> StageFacts {
        let (first, second) = (self.first.facts(), self.second.facts());
        let described = [first.info.description, second.info.description];
        let described: Vec<_> = described.into_iter().flatten().collect();
        let mut info = StageInfo::of_stage::<Self>();
        if !described.is_empty() {
            info = info.with_description(described.join(" "));
        }
        let resources = [first.resources, second.resources].concat();
        StageFacts::new(format!("{}+{}", first.id, second.id), info)
            .taking_params(first.takes_params || second.takes_params)
            .keeping_order(first.order.and(second.order))
            .taking_resources(resources)
    }

    fn parts(self) -> Vec<Part> {
        let mut parts = self.first.parts();
        parts.extend(self.second.parts());
        parts
    }

    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<B::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<A::In>> + Send + 'static,
    {
        let [first, second] = self.contexts(&context);
        self.second.fuse(self.first.fuse(input, first), second)
    }

    async fn serve(self, ends: Ends, context: StageContext) -> Result<StageReport, StageError> {
        let [first_context, second_context] = self.contexts(&context);
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
            self.first.serve(first, first_context),
            self.second.serve(second, second_context),
        );
        match (first, second) {
            // The earlier failure takes precedence, unless it was only a consequence of the later
            // one.
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
        self.facts().info
    }

    fn resource_types(&self) -> Vec<ResourceType> {
        self.facts().resources
    }

    fn serve_boxed(
        &self,
        ends: Ends,
        context: StageContext,
    ) -> BoxFuture<'static, Result<StageReport, StageError>> {
        self.clone().serve(ends, context).boxed()
    }
}
