//! Stages whose code runs from a [`ChannelReader`] to a [`ChannelWriter`].

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, future::Either, stream};

use super::execution::conclude::conclude;
use super::execution::grace::soon;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::task::{Seen, Task};
use super::{Ends, Flow, Params, Stage, StageContext, StageError, StageReport};
use crate::channel::{
    ChannelReader, ChannelWriter, Receiver, ReturnSlot, Sender, StreamMetadata, StreamStats,
    local_bytes,
};
use crate::codec::Raw;
use crate::error::Error;

/// A stage whose code runs from a [`ChannelReader`] to a [`ChannelWriter`].
///
/// Implemented by `#[pipeline_stage]` for a function with these two arguments. The output is closed
/// when the function returns `Ok`, and aborted with its error otherwise.
pub trait ByteStage: Stage<In = Bytes, Out = Bytes> {
    /// The type of the parameters.
    type Params: Params + Send + Sync + 'static;

    /// Starts a run.
    fn start(
        &self,
        input: ChannelReader,
        output: ChannelWriter,
        params: Self::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<Self>;
}

/// Connects a byte stage to its input within the process.
#[allow(clippy::needless_pass_by_value)] // The same signature for every kind of stage.
pub fn fuse<G, S>(
    stage: G,
    input: S,
    context: StageContext,
) -> impl Stream<Item = Flow<Bytes>> + Send + 'static
where
    G: ByteStage,
    S: Stream<Item = Flow<Bytes>> + Send + 'static,
{
    let (context, metadata) = context.for_stage(stage.id()).with_own_output();
    context.counts().count_no_items();
    context.local_stats(joined(&stage, input, context.clone(), &metadata))
}

fn joined<G, S>(
    stage: &G,
    input: S,
    context: StageContext,
    metadata: &StreamMetadata,
) -> impl Stream<Item = Flow<Bytes>> + Send + 'static + use<G, S>
where
    G: ByteStage,
    S: Stream<Item = Flow<Bytes>> + Send + 'static,
{
    let params = match context.params() {
        Ok(params) => params,
        Err(refused) => return Either::Left(stream::once(async { Err(refused) })),
    };
    let (feed, reader) = local_bytes();
    let (writer, out) = local_bytes();
    let return_slot = ReturnSlot::new();
    let message_queue = context.message_queue().clone();
    let read = StreamStats::new();
    let written = StreamStats::new();
    let reader = reader
        .attached(Arc::clone(&read), message_queue.clone())
        .copied_to(Arc::clone(&written));
    let writer = writer
        .attached(written, message_queue)
        .forwarding(context.stream_metadata())
        .in_custody(return_slot.clone());
    let code = stage.start(reader, writer, params, context.clone());
    let feed = Sender::<Bytes, Raw>::new(feed).forwarding(context.stream_metadata());
    let feed = (feed, Seen::StreamStats(read));
    let output = Receiver::<Bytes, Raw>::new(out.describing(metadata));
    Either::Right(Task::new(context, input, feed, code, return_slot, output).fuse())
}

/// Runs a byte stage over channels.
#[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
pub fn serve<G: ByteStage>(
    stage: G,
    mut ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
    async move {
        let ticker = ProgressTicker::new(context.clone());
        let id = context.stage();
        let (reader, writer) = ticker.attach(&mut ends).await?;
        let mut reader = reader.copied_to(ticker.output_stats());
        let return_slot = ReturnSlot::new();
        let mut writer = Some(writer);
        let ended = ticker
            .run(async {
                let params = context.params()?;
                let input = |error: crate::channel::ReadError| StageError::input(id, error.into());
                let header = soon(reader.header()).await;
                header.transpose().map_err(input)?;
                let Some(writer) = writer.take() else {
                    return Ok(());
                };
                let writer = writer
                    .forwarding(context.stream_metadata())
                    .in_custody(return_slot.clone());
                stage
                    .start(reader, writer, params, context.clone())
                    .await
                    .map_err(|error| StageError::returned(id, None, error))
            })
            .await;
        let writer = writer.or_else(|| return_slot.take());
        conclude(&context, writer, ended).await?;
        Ok(ticker.report())
    }
}
