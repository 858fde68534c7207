//! A writer process that is killed in mid-stream never looks complete to its reader.

use futures::StreamExt;
use pipewright::{ChannelReader, ReadError};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::programs::Producer;
use crate::support::{House, over_both, within};

/// More than all buffers on the way hold, so that the writer is in mid-stream.
const LONG: u64 = 1 << 30;

async fn producer(house: &House) -> Producer {
    let (url, namespace) = (house.engine.url(), house.engine.namespace());
    Producer::start(&house.worker, url, namespace, LONG).await
}

#[tokio::test]
async fn its_reader_is_told_over_both_transports() {
    over_both(async |house| {
        let mut producer = producer(&house).await;
        let mut reader = ChannelReader::new(house.address(), &producer.reader_ref);
        let mut received = 0;
        while received < 10 << 20 {
            let bytes = within(reader.next_bytes()).await.unwrap().unwrap();
            received += bytes.len();
        }
        producer.program.kill().await;
        let error = loop {
            match within(reader.next_bytes()).await {
                Ok(Some(bytes)) => received += bytes.len(),
                Ok(None) => panic!("a stream of {received} bytes looked complete"),
                Err(error) => break error,
            }
        };
        assert!((received as u64) < LONG);
        let ReadError::Truncated { bytes, .. } = &error else {
            panic!("{error}");
        };
        assert_eq!(*bytes, received as u64);
        // An iii engine closes without a reason.
        if house.engine.is_pipewright() {
            let text = error.to_string();
            assert!(
                text.contains("channel writer aborted: connection lost"),
                "{text}"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_reader_without_pipewright_sees_it_by_the_close_code() {
    let house = House::new().await;
    let mut producer = producer(&house).await;
    let (mut raw, _) = connect_async(house.raw_url(&producer.reader_ref))
        .await
        .unwrap();
    let mut received = 0;
    while received < 10 << 20 {
        received += within(raw.next()).await.unwrap().unwrap().len() as u64;
    }
    producer.program.kill().await;
    let close = loop {
        match within(raw.next()).await.unwrap().unwrap() {
            Message::Close(close) => break close,
            // The end, which would make the stream complete for the reader.
            Message::Text(text) => assert!(!text.contains("\"end\""), "{text}"),
            message => received += message.len() as u64,
        }
    };
    let code = close.map(|close| u16::from(close.code));
    assert_eq!(code, house.engine.is_pipewright().then_some(1011));
    assert!(received < LONG);
}
