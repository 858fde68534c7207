use futures::Stream;

use super::plan::{Edge, Plan};
use crate::codec::{Decode, Encode};
use crate::stage::{Flow, StageContext};

/// The front part of a pipeline, whose output items have type `Out`.
///
/// Created by the methods of [`Pipeline`](super::Pipeline); not meant to be implemented elsewhere.
pub trait Segment: Send + 'static + Sized {
    /// The type of the output items.
    type Out: Send + 'static;
    /// The format of the output over a channel.
    type Format: Encode<Self::Out> + Decode<Self::Out>;

    /// Appends the names of its stages, in order.
    #[doc(hidden)]
    fn names(&self, names: &mut Vec<String>);

    /// Fuses everything into one stream within the process.
    #[doc(hidden)]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static;

    /// Adds its nodes and edges to the plan, and returns the edge of its output.
    #[doc(hidden)]
    fn draw(self, plan: &mut Plan) -> Edge;
}
