//! Runs a stage or operator whose code is a stream over channels.

use std::future::Future;

use futures::Stream;

use super::execution::conclude::conclude;
use super::execution::progress_ticker::ProgressTicker;
use super::fused::flow::Incoming;
use super::fused::task::send_all;
use super::{CatchPanic, Ends, Flow, StageContext, StageError, StageReport};
use crate::channel::Sender;
use crate::codec::{Decode, Encode};

/// Reads items, passes them to the stream that `join` returns, and sends its outputs.
///
/// `ready` runs first; if it fails, the stage fails. With `bad_items`, items that cannot be read
/// are left to the code.
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
        let mut sender = Sender::<Out, F>::new(writer);
        let ended = ticker
            .run(async {
                let ready = ready(&context)?;
                let header = receiver
                    .header()
                    .await
                    .map_err(|error| StageError::input(id, error))?;
                context.set_metadata(header.and_then(|header| header.content.clone()));
                sender.set_metadata(context.metadata());
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
