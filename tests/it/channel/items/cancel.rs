//! Futures that are dropped at every await: nothing is lost, and nothing arrives twice.

use pipewright::Channel;
use pipewright::format::Compression;

use crate::support::{cancelled_after, over_both, within};

/// Before each successful send, attempts are cancelled. An item is gone only if its send was ready;
/// a dropped send did not accept it.
#[tokio::test]
async fn send_and_recv() {
    over_both(async |house| {
        for compression in [None, Some(Compression::ZSTD)] {
            let channel: Channel<String> = house.worker.channel(1).await.unwrap();
            let (mut sender, mut receiver) = (channel.sender, channel.receiver);
            if let Some(compression) = compression {
                sender = sender.compressed(compression);
            }
            let text = |n: usize| format!("{n} {}", "x".repeat(n * 7919 % 90_000));
            let sending = tokio::spawn(async move {
                for n in 0..300 {
                    let mut times = 0;
                    while cancelled_after(times, sender.send(text(n)))
                        .await
                        .map(Result::unwrap)
                        .is_none()
                    {
                        times = (times + 1) % 3;
                        tokio::task::yield_now().await;
                    }
                    while n % 10 == 0
                        && cancelled_after(n % 3, sender.flush())
                            .await
                            .map(Result::unwrap)
                            .is_none()
                    {
                        tokio::task::yield_now().await;
                    }
                }
                while cancelled_after(1, sender.close())
                    .await
                    .map(Result::unwrap)
                    .is_none()
                {
                    tokio::task::yield_now().await;
                }
                sender.report()
            });
            let mut items = 0;
            loop {
                match cancelled_after(items % 3, receiver.recv()).await {
                    None => tokio::task::yield_now().await,
                    Some(received) => match received.unwrap() {
                        Some(item) => {
                            assert!(item == text(items), "item {items}");
                            items += 1;
                        }
                        None => break,
                    },
                }
            }
            assert_eq!(items, 300);
            assert!(receiver.report().verdict.unwrap().is_verified());
            let report = within(sending).await.unwrap();
            assert!(report.verdict.unwrap().is_verified());
        }
    })
    .await;
}

#[tokio::test]
async fn header_takes_nothing() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        for _ in 0..3 {
            assert!(cancelled_after(0, receiver.header()).await.is_none());
        }
        sender.send(1).await.unwrap();
        loop {
            if let Some(header) = cancelled_after(0, receiver.header()).await {
                assert_eq!(header.unwrap().unwrap().format, "ndjson");
                break;
            }
            tokio::task::yield_now().await;
        }
        assert_eq!(within(receiver.recv()).await.unwrap(), Some(1));
    })
    .await;
}

/// The first poll of a receiver's close cancels the stream, and another call continues it.
#[tokio::test]
async fn close_of_a_receiver() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        sender.flush().await.unwrap();
        assert_eq!(within(receiver.recv()).await.unwrap(), Some(1));
        let _ = cancelled_after(0, receiver.close()).await;
        let error = receiver.recv().await.unwrap_err();
        assert!(
            error.to_string().contains("this reader closed its end"),
            "{error}"
        );
        within(receiver.close()).await;
        let failed = async {
            while sender.send(3).await.is_ok() {
                tokio::task::yield_now().await;
            }
        };
        within(failed).await;
    })
    .await;
}

#[tokio::test]
async fn cancel_reason_of_a_receiver_reaches_the_sender() {
    over_both(async |house| {
        for used in [false, true] {
            let channel: Channel<u32> = house.worker.channel(1).await.unwrap();
            let (mut sender, mut receiver) = (channel.sender, channel.receiver);
            sender.send(1).await.unwrap();
            if used {
                receiver.recv().await.unwrap();
            }
            let sent = async {
                loop {
                    match sender.send(2).await {
                        Ok(()) => tokio::task::yield_now().await,
                        Err(error) => break error,
                    }
                }
            };
            let ((), error) =
                within(async { tokio::join!(receiver.cancel("wrong schema"), sent) }).await;
            if house.engine.is_pipewright() {
                assert!(error.is_receiver_gone());
                let reason = error.channel_error().unwrap().cancel_reason();
                assert_eq!(reason, Some("wrong schema"));
                let closed = within(sender.closed()).await;
                assert_eq!(closed.cancel_reason(), Some("wrong schema"));
            }
        }
    })
    .await;
}
