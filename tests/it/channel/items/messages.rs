//! Messages keep their position among the items.

use std::sync::{Arc, Mutex};

use futures::StreamExt;
use pipewright::format::Compression;
use pipewright::{Channel, Event, Sender};
use serde_json::json;

use crate::support::{over_both, within};

async fn send(mut sender: Sender<u32>) {
    sender.send_message("begin").await.unwrap();
    for n in 0..100 {
        sender.send(n).await.unwrap();
        if n % 10 == 9 {
            sender.send_message(format!("after {n}")).await.unwrap();
        }
    }
    sender.close().await.unwrap();
    assert_eq!(sender.report().messages, 11);
}

fn expected() -> Vec<String> {
    let mut events = vec!["begin".to_owned()];
    for n in 0..100 {
        events.push(n.to_string());
        if n % 10 == 9 {
            events.push(format!("after {n}"));
        }
    }
    events
}

fn told(event: Event<u32>) -> String {
    match event {
        Event::Item(item) => item.to_string(),
        Event::Message(text) => text.to_string(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn events_are_items_and_messages_in_order() {
    over_both(async |house| {
        for compression in [None, Some(Compression::ZSTD), Some(Compression::Lz4)] {
            let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
            let (mut sender, mut receiver) = (channel.sender, channel.receiver);
            if let Some(compression) = compression {
                sender = sender.compressed(compression);
            }
            let sending = tokio::spawn(send(sender));
            let mut events = Vec::new();
            while let Some(event) = within(receiver.events().next()).await.unwrap() {
                events.push(told(event));
            }
            assert_eq!(events, expected());
            within(sending).await.unwrap();
            assert_eq!(receiver.report().messages, 11);
        }
    })
    .await;
}

#[tokio::test]
async fn events_are_a_stream() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let mut receiver = channel.receiver;
        let sending = tokio::spawn(send(channel.sender));
        let events: Vec<_> = receiver
            .events()
            .map(|event| told(event.unwrap()))
            .collect()
            .await;
        assert_eq!(events, expected());
        within(sending).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_listener_hears_a_message_between_its_items() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let mut receiver = channel.receiver;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&heard);
        receiver.on_message(move |text| list.lock().unwrap().push(text.to_owned()));
        let sending = tokio::spawn(send(channel.sender));
        while let Some(item) = within(receiver.recv()).await.unwrap() {
            heard.lock().unwrap().push(item.to_string());
        }
        assert_eq!(*heard.lock().unwrap(), expected());
        within(sending).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_header_is_there_before_the_items() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (sender, mut receiver) = (channel.sender, channel.receiver);
        let mut sender = sender.with_content(json!({"file": "a.log"}));
        // Waits for the first frame, which an item causes.
        let header = async { receiver.header().await.unwrap().cloned().unwrap() };
        let (header, sent) = within(futures::future::join(header, sender.send(7))).await;
        sent.unwrap();
        assert_eq!(header.format, "ndjson");
        assert_eq!(header.encoding.as_deref(), Some("utf-8"));
        assert_eq!(header.item.as_deref(), Some("u32"));
        assert_eq!(header.content, Some(json!({"file": "a.log"})));
        assert_eq!(header.compression, None);
        // Another call returns the same header, and no item was taken.
        assert_eq!(receiver.header().await.unwrap(), Some(&header));
        assert_eq!(receiver.recv().await.unwrap(), Some(7));
    })
    .await;
}

#[tokio::test]
async fn protocol_messages_are_refused_and_the_sender_continues() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let (mut sender, mut receiver) = (channel.sender, channel.receiver);
        let end = r#"{"type":"end","pipewright":1,"bytes":0}"#;
        let error = sender.send_message(end).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the message has a member `pipewright`, which the stream protocol reserves"
        );
        sender.send(1).await.unwrap();
        assert_eq!(receiver.recv().await.unwrap(), Some(1));
    })
    .await;
}
