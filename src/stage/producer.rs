use std::future::Future;

use futures::{Stream, StreamExt, future::Either, stream};

use super::execution::conclude::conclude;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::task::{Seen, Task};
use super::{Ends, Flow, FormatChecked, Params, StageContext, StageError, StageReport};
use crate::channel::{MessageQueue, Receiver, ReturnSlot, Sender, local};
use crate::codec::{Decode, Encode, Json};
use crate::error::Error;

/// The start of a pipeline: code that only sends.
///
/// Implemented by `#[pipeline_stage]` for a function of a [`Sender`]. The output is closed when the
/// function returns `Ok`, and otherwise aborted with its error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not produce a stream",
    label = "not a producer",
    note = "a producer is a function of a `Sender` with `#[pipeline_stage]`"
)]
pub trait Producer: Clone + Send + Sync + 'static {
    /// The type of the output items.
    type Out: Send + 'static;
    /// The format of the output over a channel.
    type Format: Encode<Self::Out> + Decode<Self::Out>;
    /// The type of the parameters.
    type Params: Params + Send + Sync + 'static;

    /// The id used for registration.
    fn id(&self) -> String;

    /// Starts a run.
    fn start(
        &self,
        output: Sender<Self::Out, Self::Format>,
        params: Self::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<Self>;

    /// Returns the output as a stream within the process.
    #[doc(hidden)]
    fn fuse(self, context: StageContext) -> impl Stream<Item = Flow<Self::Out>> + Send + 'static {
        let params = match context.params() {
            Ok(params) => params,
            Err(refused) => return Either::Left(stream::once(async { Err(refused) })),
        };
        let (feed, _) = local::<()>();
        let (put, out) = local();
        let put = match context.output_metadata() {
            Some(metadata) => put.describing(context.stream_metadata(), metadata),
            None => put,
        };
        let return_slot = ReturnSlot::new();
        let sender =
            Sender::local(put, context.message_queue().clone()).in_custody(return_slot.clone());
        let own = context.clone();
        let code = self.start(sender, params, context.clone());
        let feed = Sender::<(), Json>::local(feed, MessageQueue::default());
        let feed = (feed, Seen::NoInput);
        let output = Receiver::<Self::Out, Self::Format>::local(out, None);
        let output = Task::new(context, stream::empty(), feed, code, return_slot, output).fuse();
        Either::Right(FormatChecked::<_, Self::Format>::new(output, own))
    }

    /// Runs the producer into a channel.
    #[doc(hidden)]
    fn serve(
        self,
        mut ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        async move {
            let ticker = ProgressTicker::new(context.clone());
            let id = context.stage();
            let writer = ticker.attach_writer(ends.writer(id)?);
            let return_slot = ReturnSlot::new();
            let mut sender = Some(
                Sender::new(writer)
                    .started()
                    .forwarding(context.stream_metadata()),
            );
            let ended = ticker
                .run(async {
                    let params = context.params()?;
                    let Some(sender) = sender.take() else {
                        return Ok(());
                    };
                    self.start(
                        sender.in_custody(return_slot.clone()),
                        params,
                        context.clone(),
                    )
                    .await
                    .map_err(|error| StageError::returned(id, None, error))
                })
                .await;
            conclude(&context, sender.or_else(|| return_slot.take()), ended).await?;
            Ok(ticker.report())
        }
    }
}
