use std::fmt;
use std::marker::PhantomData;

use futures::stream::BoxStream;
use futures::{FutureExt, Stream, StreamExt, stream};

use super::super::drained::Drained;
use super::super::pipeline::Pipeline;
use super::super::plan::{Edge, Plan, Work};
use super::super::segment::Segment;
use super::super::source::{SOURCE, StartedSource};
use super::lines::Chunk;
use super::{FileLines, FollowFile};
use crate::channel::Event;
use crate::codec::{Decode, Encode, Json};
use crate::error::Result;
use crate::stage::{Flow, FormatChecked, StageContext, StageError, forward};

/// The start of a pipeline: the lines of files; see [`Pipeline::read_lines`].
pub struct LineSource<F> {
    chunks: BoxStream<'static, Result<Chunk>>,
    format: PhantomData<fn() -> F>,
}

/// Lines with which a pipeline can start: of [files](FileLines), or of a file that
/// [grows](FollowFile).
pub trait IntoLines {
    /// Starts to read them.
    #[doc(hidden)]
    fn into_lines(self) -> LineSource<Json>;
}

impl IntoLines for FileLines {
    fn into_lines(self) -> LineSource<Json> {
        LineSource::new(self.read().boxed())
    }
}

impl IntoLines for FollowFile {
    fn into_lines(self) -> LineSource<Json> {
        LineSource::new(self.read().boxed())
    }
}

impl<F> LineSource<F> {
    fn new(chunks: BoxStream<'static, Result<Chunk>>) -> Self {
        Self {
            chunks,
            format: PhantomData,
        }
    }

    /// The lines, and the failure that follows them if there is one.
    fn flow(self, context: StageContext) -> impl Stream<Item = Flow<String>> + Send + 'static {
        let mut number = 0;
        self.chunks.flat_map(move |chunk| {
            let flows: Vec<Flow<String>> = match chunk {
                Ok(chunk) => {
                    for _ in 0..chunk.skipped {
                        context.skip(false);
                    }
                    number += chunk.lines.len() as u64;
                    let lines = chunk.lines.into_iter();
                    lines.map(|line| Ok(Event::Item(line))).collect()
                }
                Err(error) => vec![Err(StageError::returned(SOURCE, Some(number), error))],
            };
            stream::iter(flows)
        })
    }
}

impl Pipeline {
    /// Starts with the lines of files, or of a file that grows.
    ///
    /// # Example
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> pipewright::Result<()> {
    /// use pipewright::Pipeline;
    /// use pipewright::files::{FileLines, LongLines};
    ///
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("lines.txt");
    /// std::fs::write(&path, "one\ntwo\n")?;
    /// let lines = FileLines::new(path).max_line(64 << 10).long_lines(LongLines::Skip);
    /// let lines: Vec<String> = Pipeline::read_lines(lines).run_local().collect().await?;
    /// assert_eq!(lines, ["one", "two"]);
    /// # Ok(()) }
    /// ```
    pub fn read_lines(lines: impl IntoLines) -> Pipeline<LineSource<Json>> {
        Pipeline::new(lines.into_lines())
    }
}

impl<F> Pipeline<LineSource<F>> {
    /// Sets the format of the lines over a channel, such as [`Lines`](crate::format::Lines);
    /// default: `Json`.
    pub fn format<G>(self) -> Pipeline<LineSource<G>> {
        self.map_head(|head| LineSource::new(head.chunks))
    }
}

impl<F> Segment for LineSource<F>
where
    F: Encode<String> + Decode<String>,
{
    type Out = String;
    type Format = F;

    fn names(&self, _: &mut Vec<String>) {}

    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<String>> + Send + 'static {
        let own = context.for_stage(SOURCE);
        let items = FormatChecked::<_, F>::new(self.flow(own.clone()), own.clone());
        own.tally_behind(Vec::new(), StartedSource::new(&own, items))
    }

    fn draw(self, plan: &mut Plan) -> Edge {
        let work = Work::Here(Box::new(move |ends, context| {
            let items = Drained::new(self.flow(context.clone()), &context);
            forward::<String, F>(items, ends.into_single(), context).boxed()
        }));
        plan.node(SOURCE.to_owned(), None, work)
    }
}

impl<F> fmt::Debug for LineSource<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LineSource").finish_non_exhaustive()
    }
}
