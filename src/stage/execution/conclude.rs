use std::future::poll_fn;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::timeout;

use super::super::{StageContext, StageError};
use crate::channel::{ChannelWriter, Sender, WriteError};
use crate::codec::Encode;
use crate::wire::Abort;

/// The writing end of a stage, as seen by the code that ends the stream.
pub(crate) trait WritingEnd: Send {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>>;

    /// Aborts the stream after flushing the outputs before it.
    fn poll_fail(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        // The abort reports a failure of the flush; a stream that is already aborted flushes
        // nothing.
        let _ = ready!(self.poll_flush(cx));
        self.poll_abort(cx, abort)
    }
}

impl WritingEnd for ChannelWriter {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        ChannelWriter::poll_flush(self, cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        ChannelWriter::poll_close(self, cx)
    }

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        ChannelWriter::poll_abort(self, cx, abort)
    }
}

impl<T: Send + 'static, F: Encode<T>> WritingEnd for Sender<T, F> {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Sender::poll_flush(self, cx)
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Sender::poll_close(self, cx)
    }

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        Sender::poll_abort(self, cx, abort)
    }
}

/// How long the reader of a stopped stage may take to be notified. It also learns of the end of the
/// run in other ways.
const STOPPED: Duration = Duration::from_secs(1);

/// Ends the output of a stage according to the result of its code. Closes it, or aborts it with the
/// failure, after sending the earlier outputs.
///
/// `writer` is `None` if the code kept the writer; the stream then ends when that writer is
/// dropped.
pub(in crate::stage) async fn conclude<W: WritingEnd>(
    context: &StageContext,
    writer: Option<W>,
    ended: Result<(), StageError>,
) -> Result<(), StageError> {
    let Some(mut writer) = writer else {
        return ended;
    };
    let control = context.control();
    // If the run is over, do not wait for a slow reader.
    let failure = match ended {
        Ok(()) => tokio::select! {
            closed = poll_fn(|cx| writer.poll_close(cx)) => {
                return closed.map_err(|error| StageError::output(context.stage(), error));
            }
            () = control.run().cancelled() => control.stopped(context.stage()),
        },
        // The reader has disconnected, so it need not be notified.
        Err(failure) if failure.is_output_gone() => failure,
        Err(failure) => {
            tokio::select! {
                _ = poll_fn(|cx| writer.poll_fail(cx, failure.abort())) => return Err(failure),
                () = control.run().cancelled() => failure,
            }
        }
    };
    // A reader that cannot be notified finds the stream truncated. The failure itself goes to the
    // caller that started the stage.
    let told = poll_fn(|cx| writer.poll_abort(cx, failure.abort()));
    let _ = timeout(STOPPED, told).await;
    Err(failure)
}
