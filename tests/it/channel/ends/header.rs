//! The beginning of a stream: frames before the header do not hide it.

use std::time::Duration;

use pipewright::format::Bincode;
use pipewright::{Channel, ChannelReader, ReceiveError, Receiver, Sender};
use serde_json::json;
use tokio::time::sleep;

use super::{MILLI, beating};
use crate::support::{House, within};

#[tokio::test]
async fn header_is_found_behind_signs_of_life() {
    let house = House::new().await;
    let channel = house.channel().await;
    let mut reader = ChannelReader::new(&beating(&house, 50 * MILLI), &channel.reader_ref);
    let mut writer = channel.writer.with_content(json!({"name": "a.txt"}));
    let writing = async {
        sleep(400 * MILLI).await;
        writer.flush().await.unwrap();
    };
    let (header, ()) = tokio::join!(within(reader.header()), writing);
    let content = header.unwrap().and_then(|header| header.content.clone());
    assert_eq!(content, Some(json!({"name": "a.txt"})));
}

/// Heartbeats collect in the socket while the receiver's code does something else.
#[tokio::test]
async fn items_behind_signs_of_life_are_compared_with_the_header() {
    let house = House::new().await;
    let channel = house.channel().await;
    let mut reader = ChannelReader::new(&beating(&house, 50 * MILLI), &channel.reader_ref);
    reader.connect().await.unwrap();
    let mut receiver = Receiver::<i32, Bincode>::new(reader);
    sleep(300 * MILLI).await;
    let mut sender = Sender::<u32, Bincode>::new(channel.writer);
    sender.send(2).await.unwrap();
    sender.flush().await.unwrap();
    sleep(300 * MILLI).await;
    let received = within(receiver.recv()).await;
    let refused = matches!(received, Err(ReceiveError::Shape { .. }));
    assert!(refused, "sent 2_u32, received {received:?}");
    for _ in 0..2 {
        let again = within(receiver.header()).await;
        assert!(
            matches!(again, Err(ReceiveError::Shape { .. })),
            "{again:?}"
        );
        let again = within(receiver.recv()).await;
        assert!(
            matches!(again, Err(ReceiveError::Shape { .. })),
            "{again:?}"
        );
    }
}

#[tokio::test]
async fn heartbeat_period_under_a_millisecond_is_rounded_up() {
    let house = House::new().await;
    for every in [MILLI / 2, Duration::ZERO] {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let mut sender: Sender<u32> = channel.writer_ref.open(&beating(&house, every));
        let mut receiver = channel.receiver;
        sender.flush().await.unwrap();
        let header = within(receiver.header()).await.unwrap().cloned().unwrap();
        let sending = async {
            sleep(50 * MILLI).await;
            let _ = sender.send(1).await;
        };
        let (received, ()) = tokio::join!(within(receiver.recv()), sending);
        let promised = header.heartbeat_ms;
        assert_eq!(promised, Some(1));
        assert!(
            matches!(received, Ok(Some(1))),
            "{promised:?}: {received:?}"
        );
    }
}
