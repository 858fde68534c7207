//! Operators: steps of a pipeline that are not functions with an attribute.
//!
//! An operator transforms a stream of items within the process that runs the pipeline. It has no
//! id, so no worker registers it. Otherwise it behaves like a stage: it has a name in reports and
//! errors, it is a node of a run over channels, and it ends by the same rules.
//!
//! | operators | implemented by |
//! |---|---|
//! | synchronous closures that return at most one item: `map`, `filter`, `take`, .. | [`Each`] |
//! | closures that return several items, or are async: `flat_map`, `map_async`, .. | [`Calls`] |
//! | closures with a resource: `lookup`, `lookup_async` | [`Lookup`], [`LookupCalls`] |
//! | two streams: `zip`, `join`, `fork_join` | [`Pairing`] |
//! | operators that hold items: `batch`, `throttle`, `debounce`, `window`, `fold` | [`ByTime`] |

mod batch;
mod calls;
mod debounce;
mod each;
mod fold;
mod lookup;
mod pair;
mod taken;
mod throttle;
mod timed;
mod window;

use std::future::Future;

use futures::Stream;

pub(crate) use batch::Batch;
pub(crate) use calls::Calls;
pub(crate) use debounce::Debounce;
pub(crate) use each::{Each, Step};
pub(crate) use fold::Fold;
pub(crate) use lookup::{Lookup, LookupCalls};
pub(crate) use pair::{Both, WithinTable, Zip, fuse_pair, serve_pair};
pub use pair::{JoinWithin, Pairing};
pub(crate) use throttle::Throttle;
pub(crate) use timed::{ByTime, Timed};
pub use window::{Window, Windowed};

use super::serve_stream::serve_stream;
use super::{Ends, Flow, FormatChecked, StageContext, StageError, StageReport};
use crate::codec::{Decode, Encode};

/// A step of a pipeline between items of type `In` and items of type `Out`.
///
/// Created by methods of [`Pipeline`](crate::Pipeline), such as [`map`](crate::Pipeline::map). Not
/// meant to be implemented elsewhere.
pub trait Operator<In>: Send + 'static {
    /// The type of the output items.
    type Out: Send + 'static;

    /// Connects the operator to its input. The input is dropped when the operator returns its last
    /// item.
    #[doc(hidden)]
    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static;
}

/// Connects an operator to its input within the process, and counts its outputs.
pub(crate) fn fuse_operator<In, O, F, S>(
    operator: O,
    input: S,
    context: &StageContext,
) -> impl Stream<Item = Flow<O::Out>> + Send + 'static + use<In, O, F, S>
where
    In: Send + 'static,
    O: Operator<In>,
    F: Encode<O::Out> + Decode<O::Out>,
    S: Stream<Item = Flow<In>> + Send + 'static,
{
    let output = operator.join(input, context.clone());
    context.local_stats(FormatChecked::<_, F>::new(output, context.clone()))
}

/// Runs an operator over channels.
pub(crate) fn serve_operator<In, InF, O, F>(
    operator: O,
    ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static
where
    In: Send + 'static,
    InF: Decode<In>,
    O: Operator<In>,
    F: Encode<O::Out>,
{
    let own = context.clone();
    let join = move |(), input| operator.join(input, own);
    serve_stream::<In, InF, O::Out, F, _, _, _>(ends, context, false, |_| Ok(()), join)
}
