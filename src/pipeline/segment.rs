use futures::Stream;

use super::plan::{Edge, Plan};
use crate::codec::{Decode, Encode};
use crate::stage::{Flow, StageContext};

/// The front part of a pipeline: something that items of type `Out` come out of.
///
/// Made by the methods of [`Pipeline`](super::Pipeline); not to be implemented elsewhere.
pub trait Segment: Send + 'static + Sized {
    /// What comes out.
    type Out: Send + 'static;
    /// How it goes over a channel.
    type Format: Encode<Self::Out> + Decode<Self::Out>;

    /// Names of the stages in it, first to last.
    #[doc(hidden)]
    fn names(&self, names: &mut Vec<String>);

    /// Joins everything into one stream within the process.
    #[doc(hidden)]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static;

    /// Draws nodes and edges, and gives the edge that carries what comes out.
    #[doc(hidden)]
    fn draw(self, plan: &mut Plan) -> Edge;
}
