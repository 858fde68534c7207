use std::future::Future;
use std::marker::PhantomData;

use futures::future::Either;
use futures::{Stream, stream};

use super::super::{Flow, StageContext};
use super::{Calls, Each, Operator, Step};
use crate::error::Error;
use crate::worker::Resource;

/// An operator with a synchronous closure that looks up items in a resource.
pub(crate) struct Lookup<R: ?Sized, H> {
    handle: H,
    resource: PhantomData<fn() -> Box<R>>,
}

impl<R: ?Sized, H> Lookup<R, H> {
    /// Calls `handle` for each item. An item for which it returns `None` is dropped.
    pub(crate) fn new(handle: H) -> Self {
        Self {
            handle,
            resource: PhantomData,
        }
    }
}

impl<In, R, Out, H> Operator<In> for Lookup<R, H>
where
    R: ?Sized + Send + Sync + 'static,
    Out: Send + 'static,
    H: FnMut(In, &R) -> Option<Out> + Send + 'static,
{
    type Out = Out;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        let resource = match context.resources::<(Resource<R>, ())>() {
            Ok((resource, ())) => resource,
            Err(refused) => return Either::Left(stream::once(async { Err(refused) })),
        };
        let mut handle = self.handle;
        let look_up =
            move |item| Ok::<_, Error>(handle(item, &resource).map_or(Step::Skip, Step::Give));
        Either::Right(Each::new(look_up).join(input, context))
    }
}

/// An operator with a closure that returns a future and looks up items in a resource.
pub(crate) struct LookupCalls<R: ?Sized, H> {
    handle: H,
    resource: PhantomData<fn() -> Box<R>>,
}

impl<R: ?Sized, H> LookupCalls<R, H> {
    /// Awaits `handle` for each item, one after the other. An item for which it returns `None` is
    /// dropped.
    pub(crate) fn new(handle: H) -> Self {
        Self {
            handle,
            resource: PhantomData,
        }
    }
}

impl<In, R, Out, C, H> Operator<In> for LookupCalls<R, H>
where
    R: ?Sized + Send + Sync + 'static,
    Out: Send + 'static,
    C: Future<Output = Result<Option<Out>, Error>> + Send + 'static,
    H: FnMut(In, Resource<R>) -> C + Send + 'static,
{
    type Out = Out;

    fn join<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Stream<Item = Flow<Out>> + Send + 'static
    where
        S: Stream<Item = Flow<In>> + Send + 'static,
    {
        let resource = match context.resources::<(Resource<R>, ())>() {
            Ok((resource, ())) => resource,
            Err(refused) => return Either::Left(stream::once(async { Err(refused) })),
        };
        let mut handle = self.handle;
        let calls = Calls::new(move |item| handle(item, resource.clone()));
        Either::Right(calls.join(input, context))
    }
}
