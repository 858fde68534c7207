//! Operators between two streams of different types.
//!
//! A [`Pairing`] decides which stream to read and what is due. It has no I/O. [`Paired`] drives it,
//! both between fused stages and over channels.

mod both;
mod driver;
mod within;
mod zip;

use std::future::Future;

use futures::Stream;
use futures::stream::{BoxStream, StreamExt};

pub(crate) use both::Both;
use driver::Paired;
pub use within::JoinWithin;
pub(crate) use within::WithinTable;
pub(crate) use zip::Zip;

use super::super::execution::conclude::conclude;
use super::super::execution::progress_ticker::ProgressTicker;
use super::super::fused::task::send_all;
use super::super::{Flow, FormatChecked, Incoming, StageContext, StageError, StageReport};
use crate::channel::{ChannelReader, ChannelWriter, Sender};
use crate::codec::{Decode, Encode};
use crate::error::Error;

/// Which of the two streams is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Only the first.
    Left,
    /// Only the second.
    Right,
    /// Whichever has an item.
    Any,
    /// None: nothing more will be given.
    Nothing,
}

/// Joins the items of two streams. No I/O, no clock.
pub trait Pairing<A, B>: Send + 'static {
    /// The type of the outputs.
    type Out: Send + 'static;

    /// Which stream to read next, when no output is due.
    fn wanted(&self) -> Wanted;

    /// Takes an item of the first stream.
    fn left(&mut self, item: A) -> Result<(), Error>;

    /// Takes an item of the second stream.
    fn right(&mut self, item: B) -> Result<(), Error>;

    /// The first stream has ended.
    fn left_ended(&mut self);

    /// The second stream has ended.
    fn right_ended(&mut self);

    /// Returns the next output that is due.
    fn due(&mut self) -> Option<Self::Out>;

    /// Checks the end: nothing is wanted, and nothing is due.
    fn finish(&mut self) -> Result<(), Error> {
        Ok(())
    }
}

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
#[allow(clippy::manual_async_fn)] // `Send` is promised here, not found missing far away.
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
        let mut sender = Sender::<P::Out, F>::new(writer).with_metadata(context.metadata());
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
