use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::future::join;
use tokio::time::timeout;

use super::super::{StageError, StageRequest};
use crate::channel::{ChannelReader, ChannelWriter, NoOutput, ReadError, WriterEnded};
use crate::error::Error;
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

/// How long an engine may take to acknowledge abandoned ends.
const FREE: Duration = Duration::from_secs(5);

/// How long an engine may take to report that an end was opened before.
const REFUSED: Duration = Duration::from_millis(500);

/// Controls a stage on another worker through a separate channel. A clean end of this channel
/// cancels the stage; a lost connection does not.
#[derive(Debug)]
pub(crate) struct RemoteCancel {
    writer: ChannelWriter,
    reader_ref: StreamChannelRef,
}

/// Prefixes of messages which announce that the upstream stage has ended, each with the meaning of
/// an empty output. The stage's name follows. Workers that do not know them ignore them.
const INPUT_OVER: [(&str, NoOutput); 3] = [
    ("input over, left open: ", NoOutput::LeftOpen),
    ("input over, may be empty: ", NoOutput::Empty),
    ("input over, never opened: ", NoOutput::NoStage),
];

/// Parses a message about the upstream stage.
pub(crate) fn input_over(text: &str) -> Option<WriterEnded> {
    INPUT_OVER.iter().find_map(|(prefix, silence)| {
        let stage = text.strip_prefix(prefix)?.to_owned();
        let silence = *silence;
        Some(WriterEnded { stage, silence })
    })
}

impl RemoteCancel {
    /// Creates the channel and opens its writing end.
    pub(crate) async fn new(worker: &Worker) -> Result<Self, Error> {
        let channel = worker.create_channel(1).await?;
        let mut writer = channel.writer.plain().unobserved();
        writer.connect().await?;
        Ok(Self {
            writer,
            reader_ref: channel.reader_ref,
        })
    }

    /// The ref that the stage watches.
    pub(crate) fn cancel_ref(&self) -> StreamChannelRef {
        self.reader_ref.clone()
    }

    /// Notifies the stage that the stage writing its input has ended.
    pub(crate) async fn input_over(&mut self, over: &WriterEnded) {
        let said = INPUT_OVER
            .iter()
            .find(|(_, silence)| *silence == over.silence);
        if let Some((prefix, _)) = said {
            // A stage that does not listen need not be notified.
            let told = self.writer.send_message(format!("{prefix}{}", over.stage));
            let _ = timeout(REFUSED, told).await;
        }
    }

    /// Releases a stage that has ended or should end. If the stage never opened its end of the
    /// channel, frees the channel.
    pub(crate) async fn let_go(mut self, worker: &Worker) {
        let over = poll_fn(|cx| Poll::Ready(self.writer.poll_gone(cx).is_ready())).await;
        if over {
            return;
        }
        let mut reader = worker.reader(&self.reader_ref).unobserved();
        let freed = async {
            // Refused if the stage has opened the reading end.
            if reader.connect().await.is_ok() {
                reader.close().await;
            }
        };
        // If the engine does not answer, it frees the channel when it notices that the worker has
        // disconnected.
        let _ = timeout(FREE, join(self.writer.close(), freed)).await;
    }
}

/// Determines what it means that a successful stage sent nothing. A stage that read its input has
/// an empty output; a function that opened nothing is not a stage.
///
/// Opens the reading end if the stage did not, so that the writer is notified.
pub(crate) async fn no_output_of(worker: &Worker, request: &StageRequest) -> NoOutput {
    let Some(end) = &request.reader_ref else {
        return NoOutput::NoStage;
    };
    let first = timeout(FREE, is_first(worker.reader(end).unobserved()));
    // If the engine does not answer, nothing is known about the stage.
    match first.await {
        Ok(true) => NoOutput::NoStage,
        Ok(false) => NoOutput::Empty,
        Err(_) => NoOutput::LeftOpen,
    }
}

/// Opens and ends the channels that a stage may not have opened, so that the engine can free them
/// and a failed stage's neighbours do not wait. An end that was opened is unchanged, because the
/// engine refuses a second attempt. Must be called after the stage has failed or its output was
/// read: when a writer connects again, an engine assumes that it wants to write more.
pub(crate) async fn free(worker: &Worker, request: &StageRequest, failure: Option<&StageError>) {
    let reading = async {
        if let Some(end) = &request.reader_ref {
            is_first(worker.reader(end).unobserved()).await;
        }
    };
    let writing = async {
        let Some(end) = &request.writer_ref else {
            return;
        };
        let mut writer = worker.writer(end).unobserved();
        // Refused if the stage has opened it, in which case there is nothing to do.
        let _ = match failure {
            Some(failure) => writer.abort(failure.abort().clone()).await,
            None => writer.plain().close().await,
        };
    };
    // If the engine does not answer, it frees the channels when it notices that the worker has
    // disconnected.
    let _ = timeout(FREE, join(reading, writing)).await;
}

/// Opens a reading end in order to end its stream. Returns whether it was not opened before.
///
/// Some engines accept a second reader and close it immediately, which looks like an empty stream.
async fn is_first(mut reader: ChannelReader) -> bool {
    if reader.connect().await.is_err() {
        return false;
    }
    let first = match timeout(REFUSED, reader.next_frame()).await {
        Ok(Ok(None)) => reader.report().verdict.is_some_and(|end| end.is_verified()),
        Ok(Err(ReadError::Truncated { .. } | ReadError::NeverWritten)) => false,
        Ok(Ok(Some(_)) | Err(_)) | Err(_) => true,
    };
    reader.close().await;
    first
}
