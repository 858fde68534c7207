//! Items arrive as they were sent.

use pipewright::format::{Bincode, Json};
use pipewright::{Channel, Worker};

#[tokio::test(flavor = "multi_thread")]
async fn a_first_channel_of_items() {
    let worker = Worker::embedded().await.unwrap();
    let channel: Channel<(u64, String), Json> = worker.channel(None).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    sender.send((1, "a".into())).await.unwrap();
    assert_eq!(receiver.recv().await.unwrap(), Some((1, "a".into())));
    let sending = tokio::spawn(async move {
        for n in 0..1_000_000 {
            sender.send((n, "b".into())).await.unwrap();
        }
        sender.close().await.unwrap();
    });
    for n in 0..1_000_000 {
        assert_eq!(receiver.recv().await.unwrap().unwrap().0, n);
    }
    assert_eq!(receiver.recv().await.unwrap(), None);
    sending.await.unwrap();
    let channel: Channel<(u64, String), Bincode> = worker.channel(None).await.unwrap();
    let (mut sender, mut receiver) = (channel.sender, channel.receiver);
    sender.send((1, "x".repeat(1_000_000))).await.unwrap();
    sender.flush().await.unwrap();
    assert_eq!(receiver.recv().await.unwrap().unwrap().1.len(), 1_000_000);
}
