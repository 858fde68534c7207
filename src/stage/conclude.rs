use std::future::poll_fn;
use std::task::{Context, Poll};

use super::StageError;
use crate::channel::{ChannelWriter, Sender, WriteError};
use crate::codec::Encode;
use crate::wire::Abort;

/// The writing end of a stage, as whoever finishes the stream sees it.
pub(crate) trait WritingEnd: Send {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>>;

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>>;
}

impl WritingEnd for ChannelWriter {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        ChannelWriter::poll_close(self, cx)
    }

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        ChannelWriter::poll_abort(self, cx, abort)
    }
}

impl<T: Send + 'static, F: Encode<T>> WritingEnd for Sender<T, F> {
    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), WriteError>> {
        Sender::poll_close(self, cx)
    }

    fn poll_abort(&mut self, cx: &mut Context<'_>, abort: &Abort) -> Poll<Result<(), WriteError>> {
        Sender::poll_abort(self, cx, abort)
    }
}

/// Ends the output of `stage` as its code ended: closes it, or aborts it with the failure.
///
/// `writer` is `None` where the code kept the writer; then the stream ends with that writer.
pub(super) async fn conclude<W: WritingEnd>(
    stage: &str,
    writer: Option<W>,
    ended: Result<(), StageError>,
) -> Result<(), StageError> {
    let Some(mut writer) = writer else {
        return ended;
    };
    match ended {
        Ok(()) => poll_fn(|cx| writer.poll_close(cx))
            .await
            .map_err(|error| StageError::output(stage, error)),
        Err(failure) => {
            // A reader that cannot be told finds the stream truncated; the failure itself goes to
            // whoever started the stage.
            let _ = poll_fn(|cx| writer.poll_abort(cx, failure.abort())).await;
            Err(failure)
        }
    }
}
