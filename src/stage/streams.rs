//! Stages whose code runs from a [`Receiver`] to a [`Sender`].

use std::future::Future;

use futures::{Stream, StreamExt, future::Either, stream};

use super::execution::conclude::conclude;
use super::execution::grace::soon;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::task::{Seen, Task};
use super::{Ends, Flow, FormatChecked, Params, Stage, StageContext, StageError, StageReport};
use crate::channel::{Receiver, ReturnSlot, Sender, StreamMetadata, local};
use crate::error::Error;

/// A stage whose code runs from a [`Receiver`] to a [`Sender`].
///
/// Implemented by `#[pipeline_stage]` for a function with these two arguments. The output is closed
/// when the function returns `Ok`, and aborted with its error otherwise.
pub trait StreamStage: Stage {
    /// The parameters of a run.
    type Params: Params + Send + Sync + 'static;

    /// Starts a run.
    fn start(
        &self,
        input: Receiver<Self::In, Self::InFormat>,
        output: Sender<Self::Out, Self::OutFormat>,
        params: Self::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<Self>;
}

/// Connects a stream stage to its input within the process.
#[allow(clippy::needless_pass_by_value)] // The same signature for every kind of stage.
pub fn fuse<G, S>(
    stage: G,
    input: S,
    context: StageContext,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static
where
    G: StreamStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    let (context, metadata) = context.for_stage(stage.id()).with_own_output();
    context.local_stats(joined(&stage, input, context.clone(), &metadata))
}

fn joined<G, S>(
    stage: &G,
    input: S,
    context: StageContext,
    metadata: &StreamMetadata,
) -> impl Stream<Item = Flow<G::Out>> + Send + 'static + use<G, S>
where
    G: StreamStage,
    S: Stream<Item = Flow<G::In>> + Send + 'static,
{
    let params = match context.params() {
        Ok(params) => params,
        Err(refused) => return Either::Left(stream::once(async { Err(refused) })),
    };
    let (feed, input_end) = local();
    let (output_end, out) = local();
    let return_slot = ReturnSlot::new();
    let message_queue = context.message_queue().clone();
    let feed = Sender::<G::In, G::InFormat>::local_unchecked(
        feed,
        crate::channel::MessageQueue::default(),
    );
    let seen = Seen::by_receiver_of(&feed);
    let input_metadata = context.stream_metadata();
    let receiver =
        Receiver::local(input_end, Some(message_queue.clone())).describing(input_metadata);
    let output_end = output_end.describing(input_metadata, metadata);
    let sender = Sender::local(output_end, message_queue).in_custody(return_slot.clone());
    let own = context.clone();
    let code = stage.start(receiver, sender, params, context.clone());
    let output = Receiver::<G::Out, G::OutFormat>::local(out, None);
    let output = Task::new(context, input, (feed, seen), code, return_slot, output).fuse();
    Either::Right(FormatChecked::<_, G::OutFormat>::new(output, own))
}

/// Runs a stream stage over channels.
#[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
pub fn serve<G: StreamStage>(
    stage: G,
    mut ends: Ends,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
    async move {
        let ticker = ProgressTicker::new(context.clone());
        let id = context.stage();
        let (reader, writer) = ticker.attach(&mut ends).await?;
        let return_slot = ReturnSlot::new();
        let mut receiver = context.receiver(reader);
        let sender = Sender::new(writer).started();
        let mut sender = Some(sender.forwarding(context.stream_metadata()));
        let ended = ticker
            .run(async {
                let params = context.params()?;
                let header = soon(receiver.header()).await;
                header
                    .transpose()
                    .map_err(|error| StageError::input(id, error))?;
                let Some(sender) = sender.take() else {
                    return Ok(());
                };
                let sender = sender.in_custody(return_slot.clone());
                stage
                    .start(receiver, sender, params, context.clone())
                    .await
                    .map_err(|error| StageError::returned(id, None, error))
            })
            .await;
        let sender = sender.or_else(|| return_slot.take());
        conclude(&context, sender, ended).await?;
        Ok(ticker.report())
    }
}
