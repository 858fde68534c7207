use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use super::StageError;
use crate::channel::{ChannelReader, ChannelWriter};
use crate::error::Error;
use crate::wire::{Abort, Direction, StreamChannelRef};
use crate::worker::Worker;

/// How long an engine has to take note of ends that are given up.
const FREE: Duration = Duration::from_secs(5);

/// Holds a stage that runs on another worker: a channel of its own whose end, or loss, cancels it.
pub(crate) struct Leash {
    writer: ChannelWriter,
    reader_ref: StreamChannelRef,
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

    /// Lets go of a stage that has ended, or that is to end. One that never watched leaves an end
    /// that nobody has opened.
    pub(crate) async fn let_go(mut self, worker: &Worker) {
        let watched = poll_fn(|cx| Poll::Ready(self.writer.poll_gone(cx).is_ready())).await;
        drop(self.writer);
        if !watched {
            free(worker, vec![self.reader_ref]).await;
        }
    }
}

/// Opens and ends the channels of a stage that may not have opened them, so that its neighbours
/// do not wait for it and the engine can free them. An end that was opened stays as it is: the
/// engine refuses a second one.
pub(crate) async fn free(worker: &Worker, refs: Vec<StreamChannelRef>) {
    let freed = refs.into_iter().map(|end| async move {
        match end.direction {
            Direction::Read => {
                let mut reader: ChannelReader = worker.reader(&end).unobserved();
                if reader.connect().await.is_ok() {
                    reader.close().await;
                }
            }
            Direction::Write => {
                let reason = "the stage that was to write here did not";
                let abort = Abort::new(StageError::LOST, reason);
                // Refused where the stage had opened it; that is as good.
                let _ = worker.writer(&end).unobserved().abort(abort).await;
            }
        }
    });
    // An engine that does not answer frees the channels when it finds the worker gone.
    let _ = timeout(FREE, join_all(freed)).await;
}
