//! Functions on batches, run as code on a whole stream.

use std::future::poll_fn;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::{Outputs, StageContext, StageError};
use crate::channel::{Receiver, Sender};
use crate::codec::{Decode, Encode};
use crate::error::{Error, Result};
use crate::transport::later;

/// Takes the items of a receiver in batches, for `#[pipeline_stage(batch = ..)]`.
pub struct Batches<T, F: Decode<T>> {
    input: Receiver<T, F>,
    size: usize,
    within: Duration,
    context: StageContext,
    /// Number of the first item of the last batch.
    first: u64,
    /// Number of the next item.
    next: u64,
}

impl<T: Send + 'static, F: Decode<T>> Batches<T, F> {
    /// Batches of `size` items, or of fewer once the first has waited for `within`.
    pub fn new(
        input: Receiver<T, F>,
        size: usize,
        within: Duration,
        context: &StageContext,
    ) -> Self {
        Self {
            input,
            size,
            within,
            context: context.clone(),
            first: 0,
            next: 0,
        }
    }

    /// Returns the next batch; `None` at the end of the input.
    ///
    /// # Errors
    ///
    /// Fails if the input fails; the items of an incomplete batch are dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the items of an incomplete batch.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>> {
        let Some(item) = self.input.recv().await? else {
            return Ok(None);
        };
        let due_at = later(Instant::now(), self.within);
        let mut batch = vec![item];
        while batch.len() < self.size {
            match timeout_at(due_at, self.input.recv()).await {
                Ok(Ok(Some(item))) => batch.push(item),
                Ok(Err(error)) => return Err(error.into()),
                Ok(Ok(None)) | Err(_) => break,
            }
        }
        self.first = self.next;
        self.next += batch.len() as u64;
        Ok(Some(batch))
    }

    /// Attributes the failure of a call to the first item of its batch.
    fn failed(&self, error: Error) -> Error {
        StageError::returned(self.context.stage(), Some(self.first), error).into()
    }

    /// The outputs of a call.
    ///
    /// # Errors
    ///
    /// Returns the error of the call.
    pub fn done<O>(&self, result: Result<O>) -> Result<O> {
        result.map_err(|error| self.failed(error))
    }

    /// Sends the outputs of a call.
    ///
    /// # Errors
    ///
    /// Returns the error of the call or of the sender.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the outputs that were not sent.
    pub async fn send<O, G>(
        &mut self,
        outputs: Result<O>,
        output: &mut Sender<O::Item, G>,
    ) -> Result<()>
    where
        O: Outputs<Item: Send + 'static>,
        G: Encode<O::Item>,
    {
        let mut outputs = pin!(self.done(outputs)?);
        while let Some(item) = poll_fn(|cx| outputs.as_mut().poll_next(cx)).await {
            let item = item.map_err(|error| self.failed(error))?;
            send(item, output).await?;
        }
        Ok(())
    }
}

/// Sends the outputs of a function that returns them.
///
/// # Errors
///
/// Returns the error of the function or of the sender.
///
/// # Cancel safety
///
/// Dropping the future drops the outputs that were not sent.
pub async fn send_outputs<O, G>(outputs: Result<O>, output: &mut Sender<O::Item, G>) -> Result<()>
where
    O: Outputs<Item: Send + 'static>,
    G: Encode<O::Item>,
{
    let mut outputs = pin!(outputs?);
    while let Some(item) = poll_fn(|cx| outputs.as_mut().poll_next(cx)).await {
        send(item?, output).await?;
    }
    Ok(())
}

/// Sends the outputs of the code that runs at the end of the input.
///
/// # Errors
///
/// Returns the error of the code or of the sender.
///
/// # Cancel safety
///
/// Dropping the future drops the outputs that were not sent.
pub async fn send_last<T, G>(outputs: Result<Vec<T>>, output: &mut Sender<T, G>) -> Result<()>
where
    T: Send + 'static,
    G: Encode<T>,
{
    for item in outputs? {
        send(item, output).await?;
    }
    Ok(())
}

async fn send<T, G>(item: T, output: &mut Sender<T, G>) -> Result<()>
where
    T: Send + 'static,
    G: Encode<T>,
{
    let sent = output.send(item).await;
    sent.map_err(|error| error.without_item::<()>().into())
}
