//! Bytes arrive as they were written, over both transports.

use bytes::Bytes;
use pipewright::{ByteChannel, Frame};

use crate::support::{assert_same, over_both, pattern, within};

/// Writes `data` with one call and returns what arrives.
async fn through(channel: ByteChannel, data: Vec<u8>) -> Bytes {
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    let writing = tokio::spawn(async move {
        writer.write(data).await.unwrap();
        writer.close().await.unwrap();
        writer.report()
    });
    let read = within(reader.read_all()).await.unwrap();
    let sent = writing.await.unwrap();
    let received = reader.report();
    assert_eq!(sent.bytes, received.bytes);
    assert!(sent.verdict.unwrap().is_verified());
    assert!(received.verdict.unwrap().is_verified());
    read
}

#[tokio::test(flavor = "multi_thread")]
async fn sizes_around_the_borders_of_frames() {
    over_both(async |house| {
        for size in [0, 1, 65_535, 65_536, 65_537, 3 * 65_536 + 1] {
            let data = pattern(size);
            let read = through(house.channel().await, data.clone()).await;
            assert_same(&read, &data, size);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_mebibytes() {
    over_both(async |house| {
        let data = pattern(100 << 20);
        let read = through(house.channel().await, data.clone()).await;
        assert_same(&read, &data, "100 MiB");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_writes_of_random_sizes_with_messages_between_them() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let writing = tokio::spawn(async move {
            let mut random = fastrand::Rng::with_seed(7);
            let mut expected = Vec::new();
            for number in 0..10_000 {
                let data = pattern(match random.u8(..10) {
                    0 => random.usize(60_000..70_000),
                    1 => 0,
                    _ => random.usize(..500),
                });
                writer.write(data.clone()).await.unwrap();
                add_data(&mut expected, &data);
                match random.u8(..10) {
                    0 => {
                        let text = format!("message {number}");
                        writer.send_message(text.clone()).await.unwrap();
                        expected.push(Frame::from(text));
                    }
                    1 => writer.flush().await.unwrap(),
                    _ => {}
                }
            }
            writer.close().await.unwrap();
            expected
        });
        let mut read = Vec::new();
        while let Some(frame) = within(reader.next_frame()).await.unwrap() {
            match frame {
                Frame::Data(bytes) => add_data(&mut read, &bytes),
                message @ Frame::Message(_) => read.push(message),
            }
        }
        let expected = writing.await.unwrap();
        assert_eq!(read.len(), expected.len());
        for (at, (read, expected)) in read.iter().zip(&expected).enumerate() {
            assert!(read == expected, "differs at {at}");
        }
        assert!(reader.report().messages > 500, "{:?}", reader.report());
    })
    .await;
}

/// Adds payload to a list in which the boundaries of data frames do not matter, only messages.
fn add_data(list: &mut Vec<Frame>, data: &[u8]) {
    let joined = match list.last_mut() {
        Some(Frame::Data(before)) => {
            let joined = [before, data].concat();
            *before = joined.into();
            return;
        }
        _ => data.to_vec(),
    };
    if !joined.is_empty() {
        list.push(joined.into());
    }
}

#[tokio::test]
async fn empty_stream_ends_immediately() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.close().await.unwrap();
        assert_eq!(within(reader.next_frame()).await.unwrap(), None);
        assert!(reader.report().verdict.unwrap().is_verified());

        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.write(Vec::new()).await.unwrap();
        writer.flush().await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(within(reader.read_all()).await.unwrap(), "");
    })
    .await;
}

#[tokio::test]
async fn an_end_that_was_never_used_is_left_for_others() {
    over_both(async |house| {
        let channel = house.channel().await;
        drop((channel.writer, channel.reader));
        let address = house.address();
        let mut writer = pipewright::ChannelWriter::new(address, &channel.writer_ref);
        let mut reader = pipewright::ChannelReader::new(address, &channel.reader_ref);
        writer.write("later").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "later");
    })
    .await;
}

#[tokio::test]
async fn the_header_carries_what_the_user_puts_into_it() {
    over_both(async |house| {
        let channel = house.channel().await;
        let content = serde_json::json!({"file": "a.log"});
        let mut writer = channel.writer.with_content(content.clone());
        let mut reader = channel.reader;
        writer.connect().await.unwrap();
        let header = within(reader.header()).await.unwrap().unwrap();
        assert_eq!(header.format, "bytes");
        assert_eq!(header.content, Some(content));
        writer.close().await.unwrap();
        assert_eq!(reader.next_frame().await.unwrap(), None);
    })
    .await;
}
