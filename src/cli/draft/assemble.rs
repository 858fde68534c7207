use bytes::Bytes;
use pipewright::format::{Raw, TokioCodec};
use pipewright::pipeline::Boxed;
use pipewright::{Pipeline, StageExt, remote};
use tokio::io::AsyncRead;
use tokio_util::codec::FramedRead;

use super::draft::{Draft, StageStep, Step};
use super::records::{Kind, Lines, Ndjson, Records};
use super::stream_format::StreamFormat;

/// A pipeline over bytes. What they mean is read again where a step needs to know.
pub(in crate::cli) type Bytewise = Pipeline<Boxed<Bytes, Raw>>;

impl Draft {
    /// The pipeline itself, from `input` on.
    pub(in crate::cli) fn assemble<R>(self, input: R) -> Bytewise
    where
        R: AsyncRead + Send + 'static,
    {
        let mut pipeline = match self.format {
            StreamFormat::Bytes => Pipeline::read(input).boxed(),
            StreamFormat::Ndjson => records::<Ndjson, R>(input),
            StreamFormat::Lines => records::<Lines, R>(input),
        };
        if let Some(deadline) = self.deadline {
            pipeline = pipeline.deadline(deadline);
        }
        self.steps.into_iter().fold(pipeline, add)
    }
}

/// Begins with lines, which are counted.
fn records<K: Kind, R>(input: R) -> Bytewise
where
    R: AsyncRead + Send + 'static,
{
    Pipeline::try_source(FramedRead::new(input, Records::<K>::default()))
        .format::<TokioCodec<Records<K>>>()
        .encode()
        .boxed()
}

fn add(pipeline: Bytewise, step: Step) -> Bytewise {
    match step {
        Step::Stage(StageStep { id, params }) => {
            let stage = remote::<Bytes, Bytes>(id).formats::<Raw, Raw>();
            pipeline.then(stage.with_params(params)).boxed()
        }
    }
}
