use futures::stream::BoxStream;

use super::fan_in::{FanIn, Order};
use super::fan_out::fan_out;
use super::route::Route;
use crate::channel::{ChannelReader, ChannelWriter, Sender, WaitTimer};
use crate::codec::{Decode, Encode};
use crate::stage::execution::conclude::conclude;
use crate::stage::execution::progress_ticker::ProgressTicker;
use crate::stage::serve_stream::send_all;
use crate::stage::{Flow, Incoming, StageContext, StageError, StageReport};

/// Runs a fan-out over channels, from one reader to several writers.
pub(crate) async fn serve_fan_out<T, F>(
    reader: ChannelReader,
    writers: Vec<ChannelWriter>,
    route: Route<T>,
    context: StageContext,
) -> Result<StageReport, StageError>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let mut ticker = ProgressTicker::of_stream(context.clone());
    let id = context.stage();
    let mut receiver = context.receiver::<T, F>(ticker.attach_reader(reader));
    let outputs: Vec<_> = writers
        .into_iter()
        .map(|writer| {
            let writer = ticker.attach_one_writer(writer);
            Sender::<T, F>::new(writer).forwarding(context.stream_metadata())
        })
        .collect();
    let mut waits = WaitTimer::default();
    waits.show(ticker.output_waits());
    let progress = ticker.message_queue();
    let ended = ticker
        .run(async {
            if let Err(error) = receiver.header().await {
                let failed = futures::stream::iter([Err(StageError::input(id, error))]);
                return fan_out(failed, outputs, route, waits, progress, &context).await;
            }
            let input = Incoming::new(receiver, id);
            fan_out(input, outputs, route, waits, progress, &context).await
        })
        .await;
    ended?;
    Ok(ticker.report())
}

/// Creates a stream of the items of one reader.
pub(crate) type Open<T> = fn(ChannelReader, &StageContext) -> BoxStream<'static, Flow<T>>;

/// Runs a fan-in over channels, from several readers to one writer.
pub(crate) async fn serve_fan_in<T, F>(
    readers: Vec<(ChannelReader, Open<T>)>,
    writer: ChannelWriter,
    order: Order,
    context: StageContext,
) -> Result<StageReport, StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let mut ticker = ProgressTicker::of_stream(context.clone());
    let id = context.stage();
    let streams: Vec<_> = readers
        .into_iter()
        .map(|(reader, open)| open(ticker.attach_one_reader(reader), &context))
        .collect();
    let mut waits = WaitTimer::default();
    waits.show(ticker.input_waits());
    let writer = ticker.attach_writer(writer);
    let mut sender = Sender::<T, F>::new(writer).forwarding(context.stream_metadata());
    let ended = ticker
        .run(async {
            sender
                .flush()
                .await
                .map_err(|error| StageError::output(id, error))?;
            send_all(FanIn::new(streams, order, waits), &mut sender, &context).await
        })
        .await;
    conclude(&context, Some(sender), ended).await?;
    Ok(ticker.report())
}
