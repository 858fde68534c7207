use futures::stream::BoxStream;

use super::collect::{Collect, Order};
use super::route::Route;
use super::spread::spread;
use crate::channel::{ChannelReader, ChannelWriter, Sender, Waits};
use crate::codec::{Decode, Encode};
use crate::stage::conclude::conclude;
use crate::stage::pulse::Pulse;
use crate::stage::task::send_all;
use crate::stage::{Flow, Incoming, StageContext, StageError, StageReport};

/// Runs a fan-out over channels, from one reader to several writers.
pub(crate) async fn scatter<T, F>(
    reader: ChannelReader,
    writers: Vec<ChannelWriter>,
    route: Route<T>,
    context: StageContext,
) -> Result<StageReport, StageError>
where
    T: Send + 'static,
    F: Encode<T> + Decode<T>,
{
    let mut pulse = Pulse::of_stream(context.clone());
    let id = context.stage();
    let mut receiver = context.receiver::<T, F>(pulse.attach_reader(reader));
    let mut outputs: Vec<_> = writers
        .into_iter()
        .map(|writer| Sender::<T, F>::new(pulse.attach_one_writer(writer)))
        .collect();
    let mut waits = Waits::default();
    waits.show(pulse.output_waits());
    let progress = pulse.aside();
    let ended = pulse
        .run(async {
            let header = receiver
                .header()
                .await
                .map_err(|error| StageError::input(id, error));
            match header {
                Ok(header) => {
                    context.set_metadata(header.and_then(|header| header.content.clone()));
                }
                Err(failure) => {
                    let failed = futures::stream::iter([Err(failure)]);
                    return spread(failed, outputs, route, waits, progress, &context).await;
                }
            }
            for output in &mut outputs {
                output.set_metadata(context.metadata());
            }
            let input = Incoming::new(receiver, id);
            spread(input, outputs, route, waits, progress, &context).await
        })
        .await;
    ended?;
    Ok(pulse.report())
}

/// Creates a stream of the items of one reader.
pub(crate) type Open<T> = fn(ChannelReader, &StageContext) -> BoxStream<'static, Flow<T>>;

/// Runs a fan-in over channels, from several readers to one writer.
pub(crate) async fn gather<T, F>(
    readers: Vec<(ChannelReader, Open<T>)>,
    writer: ChannelWriter,
    order: Order,
    context: StageContext,
) -> Result<StageReport, StageError>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let mut pulse = Pulse::of_stream(context.clone());
    let id = context.stage();
    let streams: Vec<_> = readers
        .into_iter()
        .map(|(reader, open)| open(pulse.attach_one_reader(reader), &context))
        .collect();
    let mut waits = Waits::default();
    waits.show(pulse.input_waits());
    let writer = pulse.attach_writer(writer);
    let mut sender = Sender::<T, F>::new(writer).with_metadata(context.metadata());
    let ended = pulse
        .run(async {
            sender
                .flush()
                .await
                .map_err(|error| StageError::output(id, error))?;
            send_all(Collect::new(streams, order, waits), &mut sender, &context).await
        })
        .await;
    conclude(&context, Some(sender), ended).await?;
    Ok(pulse.report())
}
