use std::future::Future;

use futures::Stream;
use serde::de::DeserializeOwned;

use super::conclude::conclude;
use super::pulse::Pulse;
use super::task::send_all;
use super::{Ends, Flow, StageContext, StageError, StageReport};
use crate::channel::{Aside, Receiver, Sender, local};
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
    /// What comes in.
    type In: Send + 'static;
    /// How items come in over a channel.
    type Format: Encode<Self::In> + Decode<Self::In>;
    /// The parameters of a run.
    type Params: DeserializeOwned + Send + Sync + 'static;

    /// The id that workers register it by.
    fn id(&self) -> String;

    /// Begins a run.
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
            let mut feed = Sender::<Self::In, Self::Format>::local(feed, Aside::default());
            let receiver = Receiver::local(fed, None);
            let code = self.start(receiver, context.params()?, context);
            let feeding = async {
                let fed = send_all(input, &mut feed, &id).await;
                conclude(&id, Some(feed), fed).await
            };
            let (fed, ended) = futures::join!(feeding, code);
            match (ended, fed) {
                (Err(error), _) => Err(StageError::returned(&id, None, error)),
                (Ok(()), Err(failure)) if !failure.is_output_gone() => Err(failure),
                (Ok(()), _) => Ok(()),
            }
        }
    }

    /// Runs the consumer from a channel. A writer, if there is one, tells by its end that the
    /// consumer is done.
    #[doc(hidden)]
    fn serve(
        self,
        mut ends: Ends,
        context: StageContext,
    ) -> impl Future<Output = Result<StageReport, StageError>> + Send + 'static {
        async move {
            let pulse = Pulse::new(context.clone());
            let id = context.stage();
            // Nothing goes out but messages, progress, and in the end how it ended.
            let mut end = ends
                .writer
                .take()
                .map(|writer| Sender::<(), Json>::new(pulse.attach_writer(writer)));
            let reader = match ends.reader(id) {
                Ok(reader) if end.is_some() => pulse.attach_reader(reader),
                Ok(reader) => pulse.attach_last_reader(reader),
                Err(refused) => {
                    return conclude(id, end, Err(refused))
                        .await
                        .map(|()| pulse.report());
                }
            };
            let mut receiver = Receiver::new(reader);
            let ended = pulse
                .run(async {
                    if let Some(end) = &mut end {
                        let output = |error| StageError::output(id, error);
                        end.flush().await.map_err(output)?;
                    }
                    let params = context.params()?;
                    let input = |error| StageError::input(id, error);
                    let header = receiver.header().await.map_err(input)?;
                    context.set_metadata(header.and_then(|header| header.content.clone()));
                    self.start(receiver, params, context.clone())
                        .await
                        .map_err(|error| StageError::returned(id, None, error))
                })
                .await;
            conclude(id, end, ended).await?;
            Ok(pulse.report())
        }
    }
}
