//! How a stream of items ends, and what both ends report.

use std::cell::Cell;

use pipewright::{Abort, Channel, ReceiveError, SendError};
use serde::{Serialize, Serializer};

use super::raw::drain;
use crate::support::{over_both, within};

#[tokio::test]
async fn both_ends_count_the_same() {
    over_both(async |house| {
        let channel: Channel<String> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        assert!(sender.report().verdict.is_none());
        // On a busy machine each item is a frame, and a channel holds 64 of them.
        let sending = async {
            for len in 0..100 {
                sender.send("x".repeat(len)).await.unwrap();
            }
            sender.send_message("m").await.unwrap();
            sender.close().await.unwrap();
        };
        let ((), drained) = futures::future::join(sending, drain(&mut receiver)).await;
        drained.1.unwrap();
        // Two quotes and a line end in addition to each text.
        let bytes = (0..100).sum::<u64>() + 300;
        for report in [sender.report(), receiver.report()] {
            assert_eq!(
                (report.items, report.bytes, report.messages),
                (100, bytes, 1)
            );
            assert!(report.verdict.unwrap().is_verified());
        }
        let text = format!("{receiver:?}");
        assert!(
            text.contains("ndjson") && text.contains("items: 100"),
            "{text}"
        );
        assert!(text.contains("String"), "{text}");
        // Closing again does nothing.
        sender.close().await.unwrap();
        assert_eq!(receiver.recv().await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_sender_that_is_dropped_aborts() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.send(1).await.unwrap();
        sender.flush().await.unwrap();
        drop(sender);
        let (items, end) = drain(&mut receiver).await;
        assert_eq!(items, [1]);
        let error = end.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the stream was aborted by its writer: the writer was dropped before it was closed, \
             so the stream is incomplete"
        );
        let ReceiveError::Stream(error) = error else {
            panic!("{error:?}");
        };
        assert_eq!(error.abort().unwrap().code, Abort::DROPPED);
    })
    .await;
}

#[tokio::test]
async fn an_abort_reaches_the_receiver_with_its_causes() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.send(1).await.unwrap();
        let abort = Abort::new("bad", "no number").at_stage("parse").at_item(9);
        sender.abort(abort.passed_on_by("sum")).await.unwrap();
        let error = drain(&mut receiver).await.1.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the stream was aborted by its writer: stage parse at item 9: no number"
        );
        let after = sender.send(2).await.unwrap_err();
        assert_eq!(after.into_item(), Some(2));
    })
    .await;
}

#[tokio::test]
async fn a_failed_send_gives_the_item_back() {
    over_both(async |house| {
        for close in [true, false] {
            let channel: Channel<String> = house.worker.channel(None).await.unwrap();
            let (mut sender, mut receiver) = (channel.sender, channel.receiver);
            sender.send("first".into()).await.unwrap();
            assert_eq!(within(receiver.recv()).await.unwrap().unwrap(), "first");
            if close {
                receiver.close().await;
                let error = receiver.recv().await.unwrap_err();
                assert!(error.to_string().contains("this reader closed its end"));
            }
            drop(receiver);
            let failed = async {
                loop {
                    match sender.send("lost".into()).await {
                        Ok(()) => tokio::task::yield_now().await,
                        Err(error) => break error,
                    }
                }
            };
            let error = within(failed).await;
            // An iii engine drops the connection without a reason.
            if house.engine.is_pipewright() {
                assert!(error.is_receiver_gone(), "{error}");
                assert_eq!(
                    error.to_string(),
                    "broken pipe: the reader of the channel went away before the end"
                );
            }
            assert_eq!(error.into_item().as_deref(), Some("lost"));
            // On every call.
            let again = sender.send("again".into()).await.unwrap_err();
            assert_eq!(again.into_item().as_deref(), Some("again"));
            assert!(sender.close().await.is_err());
        }
    })
    .await;
}

/// Serialising fails if requested.
#[derive(Debug, PartialEq)]
struct Shy(bool);

impl Serialize for Shy {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.0 {
            return Err(serde::ser::Error::custom("too shy"));
        }
        to.serialize_u8(1)
    }
}

#[tokio::test]
async fn unrepresentable_item_is_returned_and_the_sender_continues() {
    over_both(async |house| {
        let channel: Channel<Shy> = house.worker.channel(None).await.unwrap();
        let mut sender = channel.sender;
        let mut receiver: pipewright::Receiver<u8> =
            pipewright::ReaderRef::from(channel.reader_ref.into_inner()).open(house.address());
        let count = Cell::new(0);
        for shy in [false, true, false] {
            let sent: Result<(), SendError<Shy>> = sender.send(Shy(shy)).await;
            if let Err(error) = sent {
                assert_eq!(error.to_string(), "the item cannot be written: too shy");
                assert!(error.channel_error().is_none());
                assert_eq!(error.item_number(), Some(1));
                assert_eq!(error.into_item(), Some(Shy(true)));
                count.set(count.get() + 1);
            }
        }
        assert_eq!(count.get(), 1);
        let (closed, (items, end)) =
            futures::future::join(sender.close(), drain(&mut receiver)).await;
        closed.unwrap();
        end.unwrap();
        assert_eq!(items, [1, 1]);
        assert_eq!(sender.report().items, 2);
    })
    .await;
}
