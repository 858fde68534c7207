//! Methods that users know from tokio's channels and I/O types.

use std::io::{BufRead as _, IoSlice, Write as _};

use futures::{FutureExt, StreamExt, TryStreamExt};
use pipewright::{ByteDuplex, Channel, TryRecvError, TrySendError, WriteError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Handle;

use crate::support::{over_both, pattern, within};

#[tokio::test]
async fn try_send_and_try_recv_do_not_wait() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.connect().await.unwrap();
        within(receiver.connect()).await.unwrap();
        let empty = receiver.try_recv();
        assert!(matches!(empty, Err(TryRecvError::Empty)), "{empty:?}");
        sender.try_send(1).unwrap();
        within(sender.reserve()).await.unwrap().send(2).unwrap();
        sender.flush().await.unwrap();
        let received = async {
            loop {
                match receiver.try_recv() {
                    Ok(item) => break item,
                    Err(TryRecvError::Empty) => tokio::task::yield_now().await,
                    Err(error) => panic!("{error}"),
                }
            }
        };
        assert_eq!(within(received).await, Some(1));
        assert_eq!(within(receiver.recv()).await.unwrap(), Some(2));
    })
    .await;
}

#[tokio::test]
async fn try_send_gives_the_item_back_without_room() {
    over_both(async |house| {
        let channel: Channel<String> = house.worker.channel(1).await.unwrap();
        let (mut sender, receiver) = (channel.sender, channel.receiver);
        sender.connect().await.unwrap();
        let long = "x".repeat(1 << 20);
        let full = (0..1000).find_map(|_| sender.try_send(long.clone()).err());
        let Some(TrySendError::Full(item)) = full else {
            panic!("{full:?}");
        };
        assert_eq!(item, long);
        assert!(!sender.is_closed());
        drop(receiver);
    })
    .await;
}

#[tokio::test]
async fn closed_is_ready_when_the_receiver_has_gone() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        sender.connect().await.unwrap();
        assert!(!sender.is_closed());
        within(receiver.close()).await;
        let notified = house.engine.is_pipewright();
        if !notified {
            // An iii engine drops the connection of the writer, and only when it sends more.
            let refused =
                async { while sender.send(1).await.is_ok() && sender.flush().await.is_ok() {} };
            within(refused).await;
        }
        for _ in 0..2 {
            let error = within(sender.closed()).await;
            let gone = matches!(error, WriteError::ReaderGone);
            assert!(
                gone || !notified && matches!(error, WriteError::Lost(_)),
                "{error:?}"
            );
            assert!(sender.is_closed());
        }
    })
    .await;
}

#[tokio::test]
async fn recv_many_takes_what_is_there() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let mut items = Vec::new();
        assert_eq!(receiver.recv_many(&mut items, 0).await.unwrap(), 0);
        let sending = async {
            for number in 0..300 {
                sender.send(number).await.unwrap();
            }
            sender.close().await.unwrap();
        };
        let receiving = async {
            loop {
                let taken = receiver.recv_many(&mut items, 100).await.unwrap();
                assert!(taken <= 100);
                if taken == 0 {
                    break;
                }
            }
        };
        within(futures::future::join(sending, receiving)).await;
        assert_eq!(items, (0..300).collect::<Vec<_>>());
    })
    .await;
}

#[tokio::test]
async fn receiver_gives_back_its_reader_at_the_next_item() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        for number in 0..3 {
            sender.send(number).await.unwrap();
        }
        within(sender.close()).await.unwrap();
        assert_eq!(within(receiver.recv()).await.unwrap(), Some(0));
        let mut reader = receiver.into_inner().unwrap();
        assert_eq!(within(reader.read_all()).await.unwrap(), "1\n2\n");
    })
    .await;
}

#[tokio::test]
async fn messages_of_a_receiver_are_a_stream() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let messages = receiver.messages();
        sender.send_message("hello").await.unwrap();
        sender.send(1).await.unwrap();
        within(sender.close()).await.unwrap();
        assert_eq!(within(receiver.recv()).await.unwrap(), Some(1));
        drop(receiver);
        let messages: Vec<_> = within(messages.collect()).await;
        assert_eq!(messages, ["hello"]);
    })
    .await;
}

#[tokio::test]
async fn copy_from_and_copy_to_move_everything() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let data = pattern(3 << 20);
        let source = data.clone();
        let writing = tokio::spawn(async move {
            let copied = writer.copy_from(&mut &source[..]).await.unwrap();
            writer.close().await.unwrap();
            copied
        });
        let mut sink = Vec::new();
        let copied = within(reader.copy_to(&mut sink)).await.unwrap();
        assert!(sink == data && copied == 3 << 20);
        assert_eq!(within(writing).await.unwrap(), 3 << 20);
    })
    .await;
}

#[tokio::test]
async fn payload_is_a_stream_of_io_results() {
    over_both(async |house| {
        for whole in [true, false] {
            let channel = house.channel().await;
            let mut writer = channel.writer;
            writer.write("data").await.unwrap();
            writer.flush().await.unwrap();
            if whole {
                within(writer.close()).await.unwrap();
            } else {
                drop(writer);
            }
            let read: Result<Vec<_>, std::io::Error> =
                within(channel.reader.into_bytes().try_collect()).await;
            assert_eq!(read.is_ok(), whole, "{read:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn vectored_writes_fill_one_frame() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer.into_write(), channel.reader);
        let parts = [
            IoSlice::new(b"one "),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(within(writer.write_vectored(&parts)).await.unwrap(), 7);
        let nothing = writer.write_vectored(&[]).now_or_never();
        assert!(matches!(nothing, Some(Ok(0))), "{nothing:?}");
        within(writer.shutdown()).await.unwrap();
        assert_eq!(
            within(reader.next_bytes()).await.unwrap().unwrap(),
            "one two"
        );
    })
    .await;
}

#[tokio::test]
async fn duplex_carries_bytes_both_ways() {
    over_both(async |house| {
        let (there, back) = (house.channel().await, house.channel().await);
        let mut here = ByteDuplex::new(back.reader, there.writer);
        let mut peer = ByteDuplex::new(there.reader, back.writer);
        here.write_all(b"ping").await.unwrap();
        within(here.shutdown()).await.unwrap();
        let mut text = String::new();
        within(peer.read_to_string(&mut text)).await.unwrap();
        assert_eq!(text, "ping");
        peer.write_all(b"pong").await.unwrap();
        within(peer.shutdown()).await.unwrap();
        text.clear();
        within(here.read_to_string(&mut text)).await.unwrap();
        assert_eq!(text, "pong");
    })
    .await;
}

#[tokio::test]
async fn blocking_ends_work_on_threads() {
    over_both(async |house| {
        let channel = house.channel().await;
        let mut writer = channel.writer.into_blocking(Handle::current());
        let reader = channel.reader.into_blocking(Handle::current());
        let writing = tokio::task::spawn_blocking(move || {
            for number in 0..10_000 {
                writeln!(writer, "{number}").unwrap();
            }
            writer.close().unwrap();
        });
        let reading = tokio::task::spawn_blocking(move || {
            let lines: Result<Vec<String>, _> = reader.lines().collect();
            lines.unwrap().len()
        });
        assert_eq!(within(reading).await.unwrap(), 10_000);
        within(writing).await.unwrap();
    })
    .await;
}
