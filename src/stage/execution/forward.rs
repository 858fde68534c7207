use std::future::pending;

use futures::{Stream, StreamExt};

use super::super::fused::task::{Seen, Task};
use super::super::serve_stream::send_all;
use super::super::{Ends, Flow, StageContext, StageError, StageReport};
use super::conclude::conclude;
use super::progress_ticker::ProgressTicker;
use crate::channel::{ChannelWriter, Receiver, ReturnSlot, Sender, local_bytes};
use crate::codec::{Decode, Encode};

/// Sends a stream into a channel, as a stage of its own.
pub(crate) async fn forward<T, F>(
    input: impl Stream<Item = Flow<T>> + Send,
    mut ends: Ends,
    context: StageContext,
) -> Result<StageReport, StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let ticker = ProgressTicker::of_stream(context.clone());
    let id = context.stage();
    let writer = ticker.attach_writer(ends.writer(id)?);
    let mut sender = Sender::<T, F>::new(writer).forwarding(context.stream_metadata());
    let ended = ticker
        .run(async {
            sender
                .flush()
                .await
                .map_err(|error| StageError::output(id, error))?;
            send_all(input, &mut sender, &context).await
        })
        .await;
    conclude(&context, Some(sender), ended).await?;
    Ok(ticker.report())
}

/// Encodes items in one format and decodes the same bytes in another, within the process.
pub(crate) fn recode<S, T, F, O, G>(
    context: StageContext,
    input: S,
) -> impl Stream<Item = Flow<O>> + Send + 'static
where
    S: Stream<Item = Flow<T>> + Send + 'static,
    T: Send + 'static,
    F: Encode<T>,
    O: Send + 'static,
    G: Decode<O>,
{
    let (writer, reader) = local_bytes();
    let feed = (Sender::<T, F>::new(writer), Seen::NoCode);
    let output = Receiver::<O, G>::new(reader).go_on_after_bad_items();
    let nothing = ReturnSlot::<ChannelWriter>::new();
    Task::new(context, input, feed, pending(), nothing, output).fuse()
}
