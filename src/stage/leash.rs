use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::future::join;
use tokio::time::timeout;

use super::{StageError, StageRequest};
use crate::channel::{ChannelReader, ChannelWriter, ReadError, Silent, WriterOver};
use crate::error::Error;
use crate::wire::StreamChannelRef;
use crate::worker::Worker;

/// How long an engine has to take note of ends that are given up.
const FREE: Duration = Duration::from_secs(5);

/// How long an engine may take to say that an end was opened before.
const REFUSED: Duration = Duration::from_millis(500);

/// Holds a stage that runs on another worker, by a channel of its own: its clean end cancels the
/// stage. A loss of the connection says nothing of the run.
#[derive(Debug)]
pub(crate) struct Leash {
    writer: ChannelWriter,
    reader_ref: StreamChannelRef,
}

/// The messages on a leash that say that the stage before has ended, with its name behind: what it
/// means if nothing came of it. Workers that do not know them ignore them.
const INPUT_OVER: [(&str, Silent); 3] = [
    ("input over, left open: ", Silent::LeftOpen),
    ("input over, may be empty: ", Silent::Empty),
    ("input over, never opened: ", Silent::NoStage),
];

/// What a message on a leash says of the stage before, if it does.
pub(crate) fn input_over(text: &str) -> Option<WriterOver> {
    INPUT_OVER.iter().find_map(|(prefix, silence)| {
        let stage = text.strip_prefix(prefix)?.to_owned();
        let silence = *silence;
        Some(WriterOver { stage, silence })
    })
}

impl Leash {
    /// Makes the channel and takes hold of its end.
    pub(crate) async fn new(worker: &Worker) -> Result<Self, Error> {
        let channel = worker.create_channel(1).await?;
        let mut writer = channel.writer.plain().unobserved();
        writer.connect().await?;
        Ok(Self {
            writer,
            reader_ref: channel.reader_ref,
        })
    }

    /// What the stage watches.
    pub(crate) fn cancel_ref(&self) -> StreamChannelRef {
        self.reader_ref.clone()
    }

    /// Tells the stage that the stage which writes its input has ended.
    pub(crate) async fn input_over(&mut self, over: &WriterOver) {
        let said = INPUT_OVER
            .iter()
            .find(|(_, silence)| *silence == over.silence);
        if let Some((prefix, _)) = said {
            // A stage that does not listen needs not hear of it.
            let told = self.writer.send_message(format!("{prefix}{}", over.stage));
            let _ = timeout(REFUSED, told).await;
        }
    }

    /// Lets go of a stage that has ended, or that is to end. One that never watched leaves an end
    /// that nobody has opened.
    pub(crate) async fn let_go(mut self, worker: &Worker) {
        let over = poll_fn(|cx| Poll::Ready(self.writer.poll_gone(cx).is_ready())).await;
        if over {
            return;
        }
        let mut reader = worker.reader(&self.reader_ref).unobserved();
        let freed = async {
            // Refused where the stage watches.
            if reader.connect().await.is_ok() {
                reader.close().await;
            }
        };
        // An engine that does not answer frees the channel when it finds the worker gone.
        let _ = timeout(FREE, join(self.writer.close(), freed)).await;
    }
}

/// What a stage that has ended well, and nothing of which has come, is: one that has read its
/// input gives an empty output, one that has opened nothing is none.
///
/// Opens the reading end in its place, should it not have, so that whoever writes is told.
pub(crate) async fn silence_of(worker: &Worker, request: &StageRequest) -> Silent {
    let Some(end) = &request.reader_ref else {
        return Silent::NoStage;
    };
    let first = timeout(FREE, is_first(worker.reader(end).unobserved()));
    // What an engine says that does not answer is that nothing is known.
    match first.await {
        Ok(true) => Silent::NoStage,
        Ok(false) => Silent::Empty,
        Err(_) => Silent::LeftOpen,
    }
}

/// Opens and ends the channels of a stage that may not have opened them, so that the engine can
/// free them, and its neighbours do not wait for it if it has failed. An end that was opened stays
/// as it is: the engine refuses a second one. To be called once the stage has failed, or its
/// output was read: an engine takes a writer that comes back for one that wants to write more.
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
        // Refused where the stage had opened it; that is as good.
        let _ = match failure {
            Some(failure) => writer.abort(failure.abort().clone()).await,
            None => writer.plain().close().await,
        };
    };
    // An engine that does not answer frees the channels when it finds the worker gone.
    let _ = timeout(FREE, join(reading, writing)).await;
}

/// Opens a reading end to end its stream; whether nobody had opened it before.
///
/// Some engines let a second reader in and close it at once, which looks like an empty stream.
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
