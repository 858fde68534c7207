use std::future::{Future, poll_fn};
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;

use futures::{FutureExt, Stream};

use super::execution::conclude::conclude;
use super::execution::grace::{Grace, soon};
use super::execution::progress_ticker::ProgressTicker;
use super::fused::task::{Seen, send_all};
use super::{CatchPanic, Ends, Flow, Params, StageContext, StageError, StageReport};
use crate::channel::{MessageQueue, Receiver, Sender, local};
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
            let id = context.stage().to_owned();
            let (feed, fed) = local();
            let mut feed =
                Sender::<Self::In, Self::Format>::local_unchecked(feed, MessageQueue::default());
            let seen = Seen::by_receiver_of(&feed);
            let receiver = Receiver::local(fed, None);
            let params = context.params()?;
            let code = self.start(receiver, params, context.clone());
            let mut code = pin!(AssertUnwindSafe(code).catch_unwind());
            let mut feeding = pin!(async {
                let fed = send_all(CatchPanic::new(input), &mut feed, &context).await;
                conclude(&context, Some(feed), fed).await
            });
            let (mut fed, mut grace) = (None, Grace::default());
            // Once the code has ended, the input is no longer needed.
            let ended = poll_fn(|cx| {
                if fed.is_none()
                    && let Poll::Ready(result) = feeding.as_mut().poll(cx)
                {
                    fed = Some(result);
                }
                match code.as_mut().poll(cx) {
                    Poll::Ready(ended) => Poll::Ready(Some(ended)),
                    // The input has failed, but the code waits for something else.
                    Poll::Pending if matches!(fed, Some(Err(_))) => {
                        grace.poll_idle(cx).map(|()| None)
                    }
                    Poll::Pending => Poll::Pending,
                }
            })
            .await;
            match (ended, fed) {
                (None, Some(Err(failure))) => Err(failure),
                (Some(_), Some(Err(failure))) if seen.get() => Err(failure),
                (Some(Err(panic)), _) => Err(StageError::panicked(&id, None, &*panic)),
                (Some(Ok(Err(error))), _) => Err(StageError::returned(&id, None, error)),
                (Some(Ok(Ok(()))) | None, _) => Ok(()),
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
                    if let Some(header) = header.transpose().map_err(input)? {
                        context.set_metadata(header.and_then(|header| header.content.clone()));
                    }
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
