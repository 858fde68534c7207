use std::io;

use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::AsyncRead;
use tokio_util::codec::FramedRead;

use super::data_format::DataFormat;
use super::decoder::ItemDecoder;
use super::encoder::Converter;
use super::item::Item;
use crate::engine_client::known_functions::{KnownFunctions, Stream};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::spec::{PipelineSpec, Record, Source, StageStep, Step, StreamFormat};

/// The formats at both ends of a pipeline: of the external data, and of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edges {
    from: DataFormat,
    first: StreamFormat,
    last: DataFormat,
    to: DataFormat,
    /// Maximum size of an item in bytes.
    max_item: usize,
}

impl Edges {
    /// Chooses the formats that `from` and `to` do not set, according to the input of the first
    /// stage and the output of the last stage.
    ///
    /// # Errors
    ///
    /// Fails if data in an external format cannot be converted to or from the items of a stage.
    pub(crate) fn choose(
        spec: &PipelineSpec,
        known: Option<&KnownFunctions>,
        from: Option<DataFormat>,
        to: Option<DataFormat>,
    ) -> Result<Self, Failure> {
        let (first, last) = (spec.steps.first(), spec.steps.last());
        let input = stage(first).and_then(|stage| known?.input(&stage.id));
        let output = stage(last).and_then(|stage| known?.output(&stage.id));
        let declared = match spec.format {
            StreamFormat::Bytes => None,
            format => Some(format.into()),
        };
        let (from, first) = begin(first, input.as_ref(), from.or(declared))?;
        let written = spec
            .steps
            .iter()
            .fold(first, |format, step| step.writes(format));
        let (last, to) = end(last, output.as_ref(), written, to)?;
        Ok(Self {
            from,
            first,
            last,
            to,
            max_item: spec.max_item,
        })
    }

    /// The format of the stream that the first stage reads.
    pub(crate) fn first(&self) -> StreamFormat {
        self.first
    }

    /// The source of the pipeline.
    pub(crate) fn source<R>(&self, input: R) -> Source<R>
    where
        R: AsyncRead + Send + 'static,
    {
        match (self.from, self.first) {
            (_, StreamFormat::Bytes) => Source::Bytes(input),
            (from, first) => Source::Records(records(input, from, first, self.max_item)),
        }
    }

    /// Creates the converter for the output of the pipeline.
    pub(crate) fn converter(&self) -> Converter {
        Converter::new(self.last, self.to, self.max_item)
    }
}

fn records<R>(
    input: R,
    from: DataFormat,
    first: StreamFormat,
    max_item: usize,
) -> BoxStream<'static, io::Result<Record>>
where
    R: AsyncRead + Send + 'static,
{
    let items = FramedRead::new(input, ItemDecoder::new(from, max_item));
    let line = move |item: Item| match first {
        StreamFormat::Ndjson => item.into_json().map(Record::new),
        StreamFormat::Lines | StreamFormat::Bytes => item.into_text().map(Record::new),
    };
    items.map(move |item| item.and_then(line)).boxed()
}

/// The stage of a step, if the step is a single stage.
fn stage(step: Option<&Step>) -> Option<&StageStep> {
    match step {
        Some(Step::Stage(stage)) => Some(stage),
        _ => None,
    }
}

fn begin(
    step: Option<&Step>,
    input: Option<&Stream>,
    from: Option<DataFormat>,
) -> Result<(DataFormat, StreamFormat), Failure> {
    let by_default = |format| from.unwrap_or(format);
    let id = stage(step).map_or("the first step", |stage| &stage.id);
    let (from, first) = match input {
        Some(Stream::Lines) => (by_default(DataFormat::Lines), StreamFormat::Lines),
        Some(Stream::Ndjson { is_text: true }) => {
            (by_default(DataFormat::Lines), StreamFormat::Ndjson)
        }
        Some(Stream::Ndjson { is_text: false }) => {
            (by_default(DataFormat::Ndjson), StreamFormat::Ndjson)
        }
        Some(Stream::Bytes | Stream::Other(_)) | None => {
            let from = by_default(DataFormat::Bytes);
            let first = match from {
                DataFormat::Bytes => StreamFormat::Bytes,
                DataFormat::Lines => StreamFormat::Lines,
                DataFormat::Ndjson => StreamFormat::Ndjson,
                _ => return Err(no_items(id, "takes", input, "--from", from)),
            };
            (from, first)
        }
    };
    match from {
        // The stage interprets the bytes itself.
        DataFormat::Bytes => Ok((from, StreamFormat::Bytes)),
        _ => Ok((from, first)),
    }
}

fn end(
    step: Option<&Step>,
    output: Option<&Stream>,
    written: StreamFormat,
    to: Option<DataFormat>,
) -> Result<(DataFormat, DataFormat), Failure> {
    let by_default = |format| to.unwrap_or(format);
    Ok(match (output, stage(step)) {
        (Some(Stream::Lines), _) => (DataFormat::Lines, by_default(DataFormat::Lines)),
        (Some(Stream::Ndjson { is_text: true }), _) => {
            (DataFormat::Ndjson, by_default(DataFormat::Lines))
        }
        (Some(Stream::Ndjson { is_text: false }), _) => {
            (DataFormat::Ndjson, by_default(DataFormat::Ndjson))
        }
        // The pipeline file decides the output of branches.
        (None, None) if written != StreamFormat::Bytes => {
            (written.into(), by_default(written.into()))
        }
        (output, stage) => match by_default(DataFormat::Bytes) {
            DataFormat::Bytes => (DataFormat::Bytes, DataFormat::Bytes),
            to => {
                let id = stage.map_or("the last step", |stage| &stage.id);
                return Err(no_items(id, "gives", output, "--to", to));
            }
        },
    })
}

fn no_items(
    id: &str,
    verb: &str,
    stream: Option<&Stream>,
    flag: &str,
    format: DataFormat,
) -> Failure {
    let what = match stream {
        Some(Stream::Other(format)) => format!("the format `{format}`"),
        Some(_) => "bytes".to_owned(),
        None => "something that the engine does not know".to_owned(),
    };
    let message = format!("`{flag} {format}` needs items, and `{id}` {verb} {what}");
    Failure::new(Exit::Usage, message).hint(format!(
        "leave `{flag}` out, or add a stage that converts; `pipewright stages` lists what stages \
         take and give"
    ))
}
