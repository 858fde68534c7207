//! Descriptions that are made from a stage and its types.

use futures::future::FutureExt;

use super::super::{Consumer, Part, Producer, Stage, StageInfo, StageKind, StreamInfo};

impl Part {
    /// The only part of a stage that is not composed.
    pub fn of<S: Stage>(stage: S) -> Vec<Self> {
        let facts = stage.facts();
        let code = move |ends, context| stage.serve(ends, context).boxed();
        vec![Self {
            facts,
            code: Box::new(code),
        }]
    }
}

impl StageInfo {
    /// Describes a stage by its types, for a hand-written [`Service`](super::super::Service).
    pub fn of_stage<S: Stage>() -> Self {
        let input = StreamInfo::of::<S::In, S::InFormat>();
        let output = StreamInfo::of::<S::Out, S::OutFormat>();
        Self::new(StageKind::Stage, Some(input), Some(output))
    }

    /// Describes a producer by its types.
    pub fn of_producer<P: Producer>() -> Self {
        let output = StreamInfo::of::<P::Out, P::Format>();
        Self::new(StageKind::Producer, None, Some(output))
    }

    /// Describes a consumer by its types.
    pub fn of_consumer<C: Consumer>() -> Self {
        let input = StreamInfo::of::<C::In, C::Format>();
        Self::new(StageKind::Consumer, Some(input), None)
    }
}
