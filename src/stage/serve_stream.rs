//! Runs a stage or operator whose code is a stream over channels.

use std::future::Future;
use std::task::{Poll, ready};

use futures::Stream;

use super::execution::conclude::conclude;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::flow::Incoming;
use super::{CatchPanic, Ends, Flow, StageContext, StageError, StageReport};
use crate::channel::{Event, Sender, Signal, SignalKind};
use crate::codec::{Decode, Encode};

/// Reads items, passes them to the stream that `join` returns, and sends its outputs.
///
/// `ready` runs first; if it fails, the stage fails. If `bad_items` is set, items that cannot be
/// read are passed to the code.
#[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
pub(super) fn serve_stream<In, InF, Out, F, R, J, S>(
    mut ends: Ends,
    context: StageContext,
    bad_items: bool,
    ready: impl FnOnce(&StageContext) -> Result<R, StageError> + Send + 'static,
    join: J,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static
where
    In: Send + 'static,
    InF: Decode<In>,
    Out: Send + 'static,
    F: Encode<Out>,
    R: Send + 'static,
    J: FnOnce(R, Incoming<In, InF>) -> S + Send + 'static,
    S: Stream<Item = Flow<Out>> + Send + 'static,
{
    async move {
        let ticker = ProgressTicker::of_stream(context.clone());
        let id = context.stage();
        let (reader, writer) = ticker.attach(&mut ends).await?;
        let mut receiver = context.receiver::<In, InF>(reader);
        if bad_items {
            receiver = receiver.go_on_after_bad_items();
        }
        let mut sender = Sender::<Out, F>::new(writer).forwarding(context.stream_metadata());
        let ended = ticker
            .run(async {
                let ready = ready(&context)?;
                receiver
                    .header()
                    .await
                    .map_err(|error| StageError::input(id, error))?;
                // Sends the header immediately, so that the reader knows that its stream has
                // started.
                sender
                    .flush()
                    .await
                    .map_err(|error| StageError::output(id, error))?;
                let output = join(ready, Incoming::new(receiver, id));
                send_all(CatchPanic::new(output), &mut sender, &context).await
            })
            .await;
        conclude(&context, Some(sender), ended).await?;
        Ok(ticker.report())
    }
}

/// Forwards one event.
pub(in crate::stage) fn push<T: Send + 'static, F: Encode<T>>(
    feed: &mut Sender<T, F>,
    event: Event<T>,
    stage: &str,
) -> Result<(), StageError> {
    match event {
        Event::Item(item) => feed
            .push(item)
            .map_err(|error| StageError::unwritable(stage, &error)),
        Event::Message(text) => feed
            .push_message(text)
            .map_err(|error| StageError::unwritable_message(stage, &error)),
        Event::Progress(progress) => {
            feed.push_progress(*progress);
            Ok(())
        }
        Event::Signal(Signal(SignalKind::Turn(turn))) => {
            feed.push_turn(turn);
            Ok(())
        }
        Event::Signal(Signal(SignalKind::Unreadable(unreadable))) => feed
            .push_unreadable(unreadable)
            .map_err(|error| StageError::input(stage, error)),
    }
}

/// Forwards everything from `input` until it ends. The caller handles the end itself.
///
/// Takes nothing more once the stage should stop, even if input is ready.
pub(in crate::stage) async fn send_all<T, F>(
    input: impl Stream<Item = Flow<T>>,
    sender: &mut Sender<T, F>,
    context: &StageContext,
) -> Result<(), StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let stage = context.stage();
    let output = |error| StageError::output(stage, error);
    let mut input = std::pin::pin!(input);
    std::future::poll_fn(|cx| {
        loop {
            ready!(context.poll_go_on(cx));
            // If plain code computes the items, the last one is sent before the next is computed.
            ready!(sender.poll_turn(cx));
            ready!(sender.poll_ready(cx)).map_err(output)?;
            match input.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(event))) => push(sender, event, stage)?,
                Poll::Ready(Some(Err(failure))) => return Poll::Ready(Err(failure)),
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    // A reader that disconnects while there is nothing to write ends the stage,
                    // too.
                    let gone = ready!(sender.poll_gone(cx));
                    return Poll::Ready(Err(output(gone)));
                }
            }
        }
    })
    .await
}
