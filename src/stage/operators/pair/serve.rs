use std::future::Future;

use futures::Stream;
use futures::stream::{BoxStream, StreamExt};

use super::super::super::execution::conclude::conclude;
use super::super::super::execution::progress_ticker::ProgressTicker;
use super::super::super::serve_stream::send_all;
use super::super::super::{Flow, FormatChecked, Incoming, StageContext, StageError, StageReport};
use super::driver::Paired;
use super::pairing::Pairing;
use crate::channel::{ChannelReader, ChannelWriter, Sender};
use crate::codec::{Decode, Encode};

/// Joins two streams within the process.
pub(crate) fn fuse_pair<A, B, P, F>(
    pairing: P,
    left: BoxStream<'static, Flow<A>>,
    right: BoxStream<'static, Flow<B>>,
    context: &StageContext,
) -> impl Stream<Item = Flow<P::Out>> + Send + 'static + use<A, B, P, F>
where
    A: Send + 'static,
    B: Send + 'static,
    P: Pairing<A, B>,
    F: Encode<P::Out> + Decode<P::Out>,
{
    let paired = Paired::new(pairing, left, right, context.clone());
    FormatChecked::<_, F>::new(paired, context.clone())
}

/// Joins two streams over channels. `AF` and `BF` are the formats of the inputs, `F` that of the
/// output.
#[allow(clippy::manual_async_fn)] // States `Send` here, so that a violation is reported here.
pub(crate) fn serve_pair<A, AF, B, BF, P, F>(
    pairing: P,
    readers: [ChannelReader; 2],
    writer: ChannelWriter,
    context: StageContext,
) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static
where
    A: Send + 'static,
    AF: Decode<A>,
    B: Send + 'static,
    BF: Decode<B>,
    P: Pairing<A, B>,
    F: Encode<P::Out>,
{
    async move {
        let mut ticker = ProgressTicker::of_stream(context.clone());
        let id = context.stage();
        let [left, right] = readers.map(|reader| ticker.attach_one_reader(reader));
        let left = Incoming::new(context.receiver::<A, AF>(left), id).boxed();
        let right = Incoming::new(context.receiver::<B, BF>(right), id).boxed();
        let writer = ticker.attach_writer(writer);
        let mut sender = Sender::<P::Out, F>::new(writer).forwarding(context.stream_metadata());
        let ended = ticker
            .run(async {
                sender
                    .flush()
                    .await
                    .map_err(|error| StageError::output(id, error))?;
                let paired = Paired::new(pairing, left, right, context.clone());
                send_all(paired, &mut sender, &context).await
            })
            .await;
        conclude(&context, Some(sender), ended).await?;
        Ok(ticker.report())
    }
}
