use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use futures::{FutureExt, Stream};

use super::pipeline::Pipeline;
use super::plan::{Edge, Plan, Work};
use super::segment::Segment;
use crate::codec::{Decode, Encode};
use crate::stage::{Flow, Operator, StageContext, fuse_operator, serve_operator};

/// A pipeline with one more operator, such as [`Pipeline::map`].
///
/// Over channels, it is a node of its own in the process that starts the run.
pub struct Operated<P, O, F> {
    before: P,
    operator: O,
    name: Cow<'static, str>,
    format: PhantomData<fn() -> F>,
}

impl<P, O, F> Operated<P, O, F> {
    pub(super) fn new(before: P, name: &'static str, operator: O) -> Self {
        Self {
            before,
            operator,
            name: Cow::Borrowed(name),
            format: PhantomData,
        }
    }

    fn with_format<G>(self) -> Operated<P, O, G> {
        Operated {
            before: self.before,
            operator: self.operator,
            name: self.name,
            format: PhantomData,
        }
    }

    fn with_name(self, name: Cow<'static, str>) -> Self {
        Self { name, ..self }
    }
}

impl<P: Segment, O: Operator<P::Out>, F> Pipeline<Operated<P, O, F>> {
    /// Names the preceding operator in reports and errors. The default is the name of its method,
    /// such as `map`.
    pub fn named(self, name: impl Into<Cow<'static, str>>) -> Self {
        self.map_head(|head| head.with_name(name.into()))
    }

    /// Sets the format in which the preceding operator sends its items over a channel. The default
    /// is `Json` for an operator that changes the item type, and otherwise the format of its input.
    pub fn format<G: Encode<O::Out> + Decode<O::Out>>(self) -> Pipeline<Operated<P, O, G>> {
        self.map_head(Operated::with_format)
    }
}

impl<P, O, F> Segment for Operated<P, O, F>
where
    P: Segment,
    O: Operator<P::Out>,
    F: Encode<O::Out> + Decode<O::Out>,
{
    type Out = O::Out;
    type Format = F;

    fn names(&self, names: &mut Vec<String>) {
        self.before.names(names);
        names.push(self.name.to_string());
    }

    #[inline]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<O::Out>> + Send + 'static {
        let before = self.before.fuse(context.clone());
        let own = context.for_stage(self.name);
        fuse_operator::<_, _, F, _>(self.operator, before, &own)
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let input = self.before.draw(plan);
        let operator = self.operator;
        let work = Work::Here(Box::new(move |ends, context| {
            serve_operator::<P::Out, P::Format, O, F>(operator, ends.into_single(), context).boxed()
        }));
        plan.node(self.name.into_owned(), Some(input), work)
    }
}

impl<P: fmt::Debug, O, F> fmt::Debug for Operated<P, O, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operated")
            .field("before", &self.before)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}
