use std::io;

use bytes::Bytes;
use futures::stream::BoxStream;
use pipewright::format::{ItemLimits, Raw, TokioCodec};
use pipewright::pipeline::Boxed;
use pipewright::{Pipeline, StageExt, remote};
use tokio::io::AsyncRead;

use super::pipeline_spec::PipelineSpec;
use super::records::{Kind, Lines, Ndjson, Record, Records};
use super::save::{Place, save};
use super::step::{StageStep, Step};
use super::stream_format::StreamFormat;
use crate::command::command;

/// A pipeline of bytes. They are parsed only where a step requires it.
pub(crate) type BytePipeline = Pipeline<Boxed<Bytes, Raw>>;

/// The format for lines of a kind.
type In<K> = TokioCodec<Records<K>>;

/// Calls a function with the kind of line of a format as its last type argument. Bytes count as
/// lines here, because a validated pipeline never splits bytes.
macro_rules! with_kind {
    ($format:expr, $call:ident::<$($before:ty),*>($($argument:expr),*)) => {
        match $format {
            StreamFormat::Ndjson => $call::<$($before,)* Ndjson>($($argument),*),
            StreamFormat::Lines | StreamFormat::Bytes => $call::<$($before,)* Lines>($($argument),*),
        }
    };
}

/// Maximum nesting of an item, as in pipelines without settings.
const MAX_NESTING: usize = 256;

/// What a pipeline reads.
pub(crate) enum Source<R> {
    /// Bytes, unchanged.
    Bytes(R),
    /// Lines of the pipeline's format, which are counted as items.
    Records(BoxStream<'static, io::Result<Record>>),
}

impl PipelineSpec {
    /// Builds the pipeline for `source`.
    pub(crate) fn assemble<R>(self, source: Source<R>) -> BytePipeline
    where
        R: AsyncRead + Send + 'static,
    {
        let mut pipeline = match source {
            Source::Bytes(input) => Pipeline::read(input).boxed(),
            Source::Records(lines) => match self.format {
                StreamFormat::Ndjson => records::<Ndjson>(lines),
                StreamFormat::Lines | StreamFormat::Bytes => records::<Lines>(lines),
            },
        };
        pipeline = pipeline.limits(
            ItemLimits::DEFAULT
                .max_bytes(self.max_item)
                .max_nesting(MAX_NESTING),
        );
        if let Some(deadline) = self.deadline {
            pipeline = pipeline.deadline(deadline);
        }
        if let Some(metadata) = self.metadata {
            pipeline = pipeline.metadata(metadata);
        }
        add_all(pipeline, self.steps, self.format)
    }
}

/// Starts with lines, which are counted.
fn records<K: Kind>(lines: BoxStream<'static, io::Result<Record>>) -> BytePipeline {
    Pipeline::try_source(lines)
        .format::<In<K>>()
        .encode()
        .boxed()
}

/// Appends steps to a pipeline with the format `format`.
fn add_all(mut pipeline: BytePipeline, steps: Vec<Step>, mut format: StreamFormat) -> BytePipeline {
    for step in steps {
        let next = step.writes(format);
        pipeline = add(pipeline, step, format);
        format = next;
    }
    pipeline
}

fn add(pipeline: BytePipeline, step: Step, reads: StreamFormat) -> BytePipeline {
    let writes = step.writes(reads);
    match step {
        Step::Stage(stage) if stage.copies == 1 => {
            let StageStep {
                id,
                params,
                command: spec,
                ..
            } = stage;
            if let Some(spec) = spec {
                return pipeline.then(command.with_params(spec).with_id(id)).boxed();
            }
            let stage = remote::<Bytes, Bytes>(id).formats::<Raw, Raw>();
            pipeline.then(stage.with_params(params)).boxed()
        }
        Step::Stage(stage) => match reads {
            StreamFormat::Ndjson => with_kind!(writes, copies::<Ndjson>(pipeline, stage)),
            _ => with_kind!(writes, copies::<Lines>(pipeline, stage)),
        },
        Step::Tee { file, steps } => {
            let place = Place { file };
            let side = |copy: Pipeline<_>| {
                add_all(copy.boxed(), steps, reads).consume(save.with_params(place))
            };
            pipeline.tee(side).boxed()
        }
        Step::Broadcast { branches, .. } => match reads {
            StreamFormat::Ndjson => {
                with_kind!(writes, broadcast::<Ndjson>(pipeline, branches, reads))
            }
            _ => with_kind!(writes, broadcast::<Lines>(pipeline, branches, reads)),
        },
        Step::Partition {
            by, into, steps, ..
        } => match reads {
            StreamFormat::Ndjson => {
                with_kind!(
                    writes,
                    partition::<Ndjson>(pipeline, by, into, &steps, reads)
                )
            }
            _ => with_kind!(
                writes,
                partition::<Lines>(pipeline, by, into, &steps, reads)
            ),
        },
    }
}

/// Several copies of a stage.
fn copies<K: Kind, L: Kind>(pipeline: BytePipeline, stage: StageStep) -> BytePipeline {
    let StageStep {
        id,
        params,
        copies,
        ordered,
        ..
    } = stage;
    let stage = remote::<Record, Record>(id)
        .formats::<In<K>, In<L>>()
        .with_params(params);
    let items = pipeline.decode::<Record, In<K>>();
    if ordered {
        items.parallel_ordered(copies, stage).encode().boxed()
    } else {
        items.parallel(copies, stage).encode().boxed()
    }
}

fn broadcast<K: Kind, L: Kind>(
    pipeline: BytePipeline,
    branches: Vec<Vec<Step>>,
    reads: StreamFormat,
) -> BytePipeline {
    let items = pipeline.decode::<Record, In<K>>();
    let mut broadcast = items.broadcast::<Record, In<L>>();
    for steps in branches {
        broadcast = broadcast.branch(|items| {
            add_all(items.encode().boxed(), steps, reads).decode::<Record, In<L>>()
        });
    }
    broadcast.merge().encode().boxed()
}

fn partition<K: Kind, L: Kind>(
    pipeline: BytePipeline,
    by: Option<String>,
    into: usize,
    steps: &[Step],
    reads: StreamFormat,
) -> BytePipeline {
    pipeline
        .decode::<Record, In<K>>()
        .partition(
            into,
            move |item: &Record| item.key(by.as_deref()),
            |items| {
                add_all(items.encode().boxed(), steps.to_vec(), reads).decode::<Record, In<L>>()
            },
        )
        .encode()
        .boxed()
}
