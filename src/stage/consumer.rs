use std::future::Future;
use std::pin::pin;

use futures::{Stream, StreamExt};

use super::execution::conclude::conclude;
use super::execution::grace::soon;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::task::{Seen, Task};
use super::{Ends, Flow, Params, StageContext, StageError, StageReport};
use crate::channel::{MessageQueue, Receiver, ReturnSlot, Sender, local};
use crate::codec::{Decode, Encode, Json};
use crate::error::Error;

/// The end of a pipeline: code that only receives.
///
/// Implemented by `#[pipeline_stage]` for a function of a [`Receiver`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not consume a stream",
    label = "not a consumer",
    note = "a consumer is a function of a `Receiver` with `#[pipeline_stage]`"
)]
pub trait Consumer: Clone + Send + Sync + 'static {
    /// The type of the input items.
    type In: Send + 'static;
    /// The format of the input over a channel.
    type Format: Encode<Self::In> + Decode<Self::In>;
    /// The type of the parameters.
    type Params: Params + Send + Sync + 'static;

    /// The id used for registration.
    fn id(&self) -> String;

    /// Starts a run.
    fn start(
        &self,
        input: Receiver<Self::In, Self::Format>,
        params: Self::Params,
        context: StageContext,
    ) -> impl Future<Output = Result<(), Error>> + Send + 'static + use<Self>;

    /// Consumes a stream within the process.
    #[doc(hidden)]
    fn fuse<S>(
        self,
        input: S,
        context: StageContext,
    ) -> impl Future<Output = Result<(), StageError>> + Send + 'static
    where
        S: Stream<Item = Flow<Self::In>> + Send + 'static,
    {
        async move {
            let (feed, fed) = local();
            let feed =
                Sender::<Self::In, Self::Format>::local_unchecked(feed, MessageQueue::default());
            let seen = Seen::by_receiver_of(&feed);
            let receiver = Receiver::local(fed, None).describing(context.stream_metadata());
            let params = context.params()?;
            let code = self.start(receiver, params, context.clone());
            // The stream carries only the result of the consumer.
            let (end, ended) = local();
            let return_slot = ReturnSlot::new();
            return_slot.give(Sender::<(), Json>::local(end, MessageQueue::default()));
            let output = Receiver::<(), Json>::local(ended, None);
            let task = Task::new(context, input, (feed, seen), code, return_slot, output);
            let mut task = pin!(task);
            match task.next().await {
                Some(Err(failure)) => Err(failure),
                Some(Ok(_)) | None => Ok(()),
            }
        }
    }

    /// Runs the consumer on a channel. If there is a writer, its end signals that the consumer is
    /// done.
    #[doc(hidden)]
    fn serve(
        self,
        mut ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        async move {
            let ticker = ProgressTicker::new(context.clone());
            let id = context.stage();
            // Only messages, progress and the result are sent, so the item type is `()`.
            let mut end = ends
                .writer
                .take()
                .map(|writer| Sender::<(), Json>::new(ticker.attach_writer(writer)));
            let reader = match ends.reader(id) {
                Ok(reader) if end.is_some() => ticker.attach_reader(reader),
                Ok(reader) => ticker.attach_last_reader(reader),
                Err(refused) => {
                    return conclude(&context, end, Err(refused))
                        .await
                        .map(|()| ticker.report());
                }
            };
            let mut receiver = context.receiver(reader);
            let ended = ticker
                .run(async {
                    if let Some(end) = &mut end {
                        let output = |error| StageError::output(id, error);
                        end.flush().await.map_err(output)?;
                    }
                    let params = context.params()?;
                    let input = |error| StageError::input(id, error);
                    let header = soon(receiver.header()).await;
                    header.transpose().map_err(input)?;
                    self.start(receiver, params, context.clone())
                        .await
                        .map_err(|error| StageError::returned(id, None, error))
                })
                .await;
            conclude(&context, end, ended).await?;
            Ok(ticker.report())
        }
    }
}
