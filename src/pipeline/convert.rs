use std::marker::PhantomData;

use bytes::Bytes;
use futures::Stream;

use super::plan::{Edge, Plan};
use super::segment::Segment;
use crate::codec::{Decode, Encode, Raw};
use crate::stage::{Flow, StageContext, recode};

/// Items converted to their encoded bytes; see [`Pipeline::encode`](super::Pipeline::encode).
#[derive(Debug)]
pub struct Encoded<P>(pub(super) P);

impl<P: Segment> Segment for Encoded<P> {
    type Out = Bytes;
    type Format = Raw;

    fn names(&self, names: &mut Vec<String>) {
        self.0.names(names);
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<Bytes>> + Send + 'static {
        let own = context.for_stage("encode");
        let recoded = recode::<_, _, P::Format, _, Raw>(own, self.0.fuse(context.clone()));
        context.parts().converted(recoded)
    }

    /// Keeps the edge: its payload consists of these bytes.
    fn draw(self, plan: &mut Plan) -> Edge {
        self.0.draw(plan)
    }
}

/// Bytes decoded into items; see [`Pipeline::decode`](super::Pipeline::decode).
#[derive(Debug)]
pub struct Decoded<P, T, F> {
    before: P,
    types: PhantomData<fn() -> (T, F)>,
}

impl<P, T, F> Decoded<P, T, F> {
    pub(super) fn new(before: P) -> Self {
        Self {
            before,
            types: PhantomData,
        }
    }
}

impl<P, T, F> Segment for Decoded<P, T, F>
where
    P: Segment<Out = Bytes, Format = Raw>,
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    type Out = T;
    type Format = F;

    fn names(&self, names: &mut Vec<String>) {
        self.before.names(names);
    }

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<T>> + Send + 'static {
        let own = context.for_stage("decode");
        let recoded = recode::<_, _, Raw, _, F>(own, self.before.fuse(context.clone()));
        context.parts().converted(recoded)
    }

    /// Keeps the edge: its payload contains these items.
    fn draw(self, plan: &mut Plan) -> Edge {
        self.before.draw(plan)
    }
}
