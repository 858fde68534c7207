//! The traits `Sink` and `Stream` of typed ends.

use futures::{SinkExt, StreamExt, TryStreamExt, stream};
use pipewright::Channel;
use pipewright::format::{Bincode, Json};

use crate::support::{over_both, within};

#[tokio::test]
async fn send_all_and_collect() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(2).await.unwrap();
        let (mut sender, receiver) = (channel.sender, channel.receiver);
        let sending = async {
            let mut items = stream::iter(0..50_000).map(Ok);
            sender.send_all(&mut items).await.unwrap();
            sender.close().await.unwrap();
        };
        let (items, ()) = within(futures::future::join(
            receiver.try_collect::<Vec<_>>(),
            sending,
        ))
        .await;
        assert!(items.unwrap().into_iter().eq(0..50_000));
    })
    .await;
}

#[tokio::test]
async fn forward_from_a_channel_into_another_format() {
    over_both(async |house| {
        let first: Channel<u32, Json> = house.worker.channel(2).await.unwrap();
        let second: Channel<u32, Bincode> = house.worker.channel(2).await.unwrap();
        let mut sender = first.sender;
        let sending = async {
            for n in 0..20_000 {
                sender.send(n).await.unwrap();
            }
            sender.close().await.unwrap();
        };
        let forwarding = first
            .receiver
            .map(|item| Ok(item.unwrap()))
            .forward(second.sender);
        let (items, (), forwarded) = within(futures::future::join3(
            second.receiver.try_collect::<Vec<_>>(),
            sending,
            forwarding,
        ))
        .await;
        forwarded.unwrap();
        assert!(items.unwrap().into_iter().eq(0..20_000));
    })
    .await;
}

#[tokio::test]
async fn feed_and_one_flush() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        // At most 50 frames, for which the channel has room.
        for n in 0..50 {
            sender.feed(n).await.unwrap();
        }
        sender.flush().await.unwrap();
        for n in 0..50 {
            assert_eq!(within(receiver.next()).await.unwrap().unwrap(), n);
        }
        SinkExt::close(&mut sender).await.unwrap();
        assert!(within(receiver.next()).await.is_none());
        assert!(receiver.next().await.is_none());
    })
    .await;
}

#[tokio::test]
async fn a_failure_is_given_once_and_then_the_stream_ends() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.send(1).await.unwrap();
        sender.flush().await.unwrap();
        drop(sender);
        assert_eq!(receiver.next().await.unwrap().unwrap(), 1);
        assert!(receiver.next().await.unwrap().is_err());
        assert!(receiver.next().await.is_none());
        assert!(receiver.next().await.is_none());
    })
    .await;
}
