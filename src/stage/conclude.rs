use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use super::{StageContext, StageError};
use crate::channel::{ChannelWriter, Sender, WriteError};
use crate::codec::Encode;
use crate::wire::Abort;

/// The writing end of a stage, as whoever finishes the stream sees it.
pub(crate) trait WritingEnd: Send {
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>>;

    /// Aborts the stream after what was put out before.
    fn poll_fail(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        // A failure comes back from the abort; a stream that is aborted flushes no more.
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

/// Ends the output of a stage as its code ended: closes it, or aborts it with the failure, after
/// what was put out before.
///
/// `writer` is `None` where the code kept the writer; then the stream ends with that writer.
pub(super) async fn conclude<W: WritingEnd>(
    context: &StageContext,
    writer: Option<W>,
    ended: Result<(), StageError>,
) -> Result<(), StageError> {
    let Some(mut writer) = writer else {
        return ended;
    };
    match ended {
        Ok(()) => poll_fn(|cx| writer.poll_close(cx))
            .await
            .map_err(|error| StageError::output(context.stage(), error)),
        Err(failure) => {
            // A reader that takes its time is not waited for when the run is over anyway. One that
            // cannot be told finds the stream truncated; the failure itself goes to whoever
            // started the stage.
            tokio::select! {
                _ = poll_fn(|cx| writer.poll_fail(cx, failure.abort())) => {}
                () = context.cancelled() => {
                    let _ = poll_fn(|cx| writer.poll_abort(cx, failure.abort())).await;
                }
            }
            Err(failure)
        }
    }
}
