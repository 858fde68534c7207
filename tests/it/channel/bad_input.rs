//! Invalid input: each mistake is a distinct error that names the object and says what to do. The
//! engine continues to serve.

use futures::{SinkExt, StreamExt};
use pipewright::{
    AccessKey, Address, CallError, Channel, ChannelReader, ChannelWriter, ConnectError, Engine,
    FunctionError, InvalidUrl, ReadError, ReceiveError, StreamChannelRef, Worker, WriteError,
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{House, TestEngine, chain, over_both, within};

/// Asserts that an error mentions all of these.
fn tells(error: &dyn std::error::Error, words: &[&str]) {
    let text = chain(error);
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text:?}");
    }
}

async fn read_refused(address: &Address, end: &StreamChannelRef) -> ConnectError {
    let error = ChannelReader::new(address, end).next_frame().await;
    let ReadError::Connect(error) = error.unwrap_err() else {
        panic!("another error");
    };
    std::sync::Arc::into_inner(error).unwrap()
}

#[tokio::test]
async fn an_unknown_channel() {
    over_both(async |house| {
        let unknown = StreamChannelRef {
            channel_id: "no-such-channel".into(),
            ..house.channel().await.reader_ref
        };
        let error = read_refused(house.address(), &unknown).await;
        assert!(
            matches!(error, ConnectError::ChannelNotFound { .. }),
            "{error}"
        );
        tells(&error, &["no-such-channel", "may have expired"]);
        house.serves().await;
    })
    .await;
}

#[tokio::test]
async fn a_wrong_key() {
    over_both(async |house| {
        let channel = house.channel().await;
        let wrong = StreamChannelRef {
            access_key: AccessKey::new("wrong-key"),
            ..channel.reader_ref.clone()
        };
        let error = read_refused(house.address(), &wrong).await;
        // The engine does not distinguish an unknown channel from a wrong key.
        assert!(
            matches!(error, ConnectError::ChannelNotFound { .. }),
            "{error}"
        );
        tells(&error, &[&channel.reader_ref.channel_id]);
        assert!(!chain(&error).contains("wrong-key"));
        // The key of one end does not open the other. An iii engine has one key for both.
        let crossed = StreamChannelRef {
            access_key: channel.writer_ref.access_key.clone(),
            ..channel.reader_ref.clone()
        };
        if house.engine.is_pipewright() {
            let error = read_refused(house.address(), &crossed).await;
            assert!(
                matches!(error, ConnectError::ChannelNotFound { .. }),
                "{error}"
            );
        }
        // Neither attempt has taken the end.
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.close().await.unwrap();
        assert_eq!(reader.next_frame().await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn a_ref_of_the_other_end() {
    over_both(async |house| {
        let channel = house.channel().await;
        let error = read_refused(house.address(), &channel.writer_ref).await;
        assert!(
            matches!(error, ConnectError::WrongDirection { .. }),
            "{error}"
        );
        tells(&error, &["reader needs a ref with direction \"read\""]);
        let mut writer = ChannelWriter::new(house.address(), &channel.reader_ref);
        let error = writer.connect().await.unwrap_err();
        tells(&error, &["writer needs a ref with direction \"write\""]);
    })
    .await;
}

#[tokio::test]
async fn a_second_reader_and_a_second_writer() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        writer.connect().await.unwrap();
        reader.header().await.unwrap();

        if !house.engine.is_pipewright() {
            // An iii engine accepts the second end and closes it. The stream is then never
            // verified, and it is an error if a header was promised.
            let mut second = ChannelReader::new(house.address(), &channel.reader_ref);
            assert_eq!(within(second.read_all()).await.unwrap(), "");
            assert!(!second.report().verdict.unwrap().is_verified());
            let second = ChannelReader::new(house.address(), &channel.reader_ref);
            let error = within(second.expect_header().read_all()).await.unwrap_err();
            assert!(matches!(error, ReadError::NeverWritten), "{error}");
            writer.write("unharmed").await.unwrap();
            writer.close().await.unwrap();
            assert_eq!(reader.read_all().await.unwrap(), "unharmed");
            return;
        }
        let error = read_refused(house.address(), &channel.reader_ref).await;
        assert!(
            matches!(error, ConnectError::AlreadyOpened { .. }),
            "{error}"
        );
        let id = &channel.reader_ref.channel_id;
        tells(
            &error,
            &["the reader end", id, "create a channel for each stream"],
        );

        let mut second = ChannelWriter::new(house.address(), &channel.writer_ref);
        let WriteError::Connect(error) = second.connect().await.unwrap_err() else {
            panic!("another error");
        };
        assert!(
            matches!(*error, ConnectError::AlreadyOpened { .. }),
            "{error}"
        );
        tells(&*error, &["the writer end", id]);

        // The first pair is unaffected.
        writer.write("unharmed").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "unharmed");
    })
    .await;
}

#[tokio::test]
async fn malformed_addresses() {
    for (address, words) in [
        (
            "127.0.0.1:49134",
            &["127.0.0.1:49134", "ws://host:port"][..],
        ),
        ("ws://", &["ws://"]),
        ("ws://host:port", &["ws://host:port", "invalid port"]),
        ("http://localhost:1", &["ws:// or wss://", "http://"]),
        ("", &["is not a URL"]),
    ] {
        let error = Worker::connect(address).await.unwrap_err();
        assert!(
            matches!(
                error,
                ConnectError::InvalidAddress(InvalidUrl::Syntax { .. } | InvalidUrl::Scheme(_))
            ),
            "{error}"
        );
        tells(&error, words);
    }
}

#[tokio::test]
async fn an_engine_that_is_not_there() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = Worker::connect(url.as_str()).await.unwrap_err();
    assert!(error.is_temporary());
    assert!(matches!(error, ConnectError::Unreachable { .. }), "{error}");
    tells(
        &error,
        &[&url, "start one with `pipewright engine`", "refused"],
    );
}

#[tokio::test]
async fn something_else_that_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    let other = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let answer = b"SSH-2.0-OpenSSH\r\n\r\n";
        tokio::io::AsyncWriteExt::write_all(&mut stream, answer)
            .await
            .unwrap();
        // The request was read, so that closing does not reset the connection.
        let mut request = [0; 16];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut request)
            .await
            .unwrap();
        stream
    });
    let error = Worker::connect(url.as_str()).await.unwrap_err();
    assert!(
        matches!(error, ConnectError::NotAnEngine { .. }),
        "{error:?}"
    );
    tells(&error, &[&url, "does not speak WebSocket"]);
    drop(other.await.unwrap());
}

#[tokio::test]
async fn a_function_that_is_not_there() {
    over_both(async |house| {
        house
            .worker
            .register_function("orders::create", async |n: u8| n)
            .unwrap();
        house.worker.registered().await.unwrap();
        let error = house
            .worker
            .call::<Value>("orders::craete", &1)
            .await
            .unwrap_err();
        assert!(error.is_not_found(), "{error}");
        tells(&error, &["orders::craete", "check the id"]);
        if house.engine.is_pipewright() {
            tells(&error, &["orders::create"]);
        }
        house.serves().await;
    })
    .await;
}

#[tokio::test]
async fn a_payload_and_a_result_of_the_wrong_type() {
    over_both(async |house| {
        let double = async |numbers: Vec<u32>| Ok::<_, FunctionError>(numbers.len());
        house
            .worker
            .register_function("math::count", double)
            .unwrap();
        house.worker.registered().await.unwrap();
        let payload = json!([1, 2, "three"]);
        let error = house
            .worker
            .call::<u32>("math::count", &payload)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Some("deserialization_error"));
        tells(&error, &["math::count", "at `[2]`", "expected u32"]);

        let error = house
            .worker
            .call::<String>("math::count", &[1])
            .await
            .unwrap_err();
        assert!(matches!(error, CallError::Result { .. }), "{error}");
        tells(&error, &["math::count", "String", "invalid type: integer"]);
        house.serves().await;
    })
    .await;
}

#[tokio::test]
async fn text_that_is_not_json_on_a_control_socket() {
    let house = House::new().await;
    let url = house.engine.url().to_owned();
    let (mut raw, _) = connect_async(url).await.unwrap();
    for text in ["not json", "{", "[]", "{\"type\": 7}", "\u{0}"] {
        raw.send(Message::text(text)).await.unwrap();
    }
    raw.send(Message::text(r#"{"type":"ping"}"#)).await.unwrap();
    let greeting = within(raw.next()).await.unwrap().unwrap();
    assert!(greeting.to_text().unwrap().contains("workerregistered"));
    let pong = within(raw.next()).await.unwrap().unwrap();
    assert_eq!(pong, Message::text(r#"{"type":"pong"}"#));
    house.serves().await;
}

#[tokio::test]
async fn an_item_that_is_not_json() {
    over_both(async |house| {
        let channel: Channel<u32> = house.worker.channel(None).await.unwrap();
        let mut writer = ChannelWriter::new(house.address(), channel.writer_ref.get_ref()).plain();
        writer.write("1\n2\nthree\n4\n").await.unwrap();
        writer.close().await.unwrap();
        let mut receiver = channel.receiver;
        assert_eq!(receiver.recv().await.unwrap(), Some(1));
        assert_eq!(receiver.recv().await.unwrap(), Some(2));
        let error = receiver.recv().await.unwrap_err();
        let ReceiveError::Item(bad) = &error else {
            panic!("{error}");
        };
        assert_eq!(
            (bad.number, bad.offset, &bad.bytes[..]),
            (2, 4, &b"three\n"[..])
        );
        tells(&error, &["item 2, at byte 4", "expected"]);
        house.serves().await;
    })
    .await;
}

#[tokio::test]
async fn a_frame_over_the_limit() {
    let builder = Engine::builder().max_frame_bytes(10_000);
    let Some(engine) = TestEngine::ours(builder, "its limit is set here").await else {
        return;
    };
    let worker = engine.worker(engine.address()).await;
    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write(vec![0; 20_000]).await.unwrap();
    writer.flush().await.unwrap();
    let error = within(writer.gone()).await;
    assert!(matches!(error, WriteError::Ended { .. }), "{error:?}");
    tells(&error, &["1009", "over the limit of 10000 bytes"]);
    let error = within(reader.read_all()).await.unwrap_err();
    assert!(error.is_truncated(), "{error}");

    let channel = worker.create_channel(None).await.unwrap();
    let (mut writer, mut reader) = (channel.writer, channel.reader);
    writer.write(vec![0; 9_000]).await.unwrap();
    writer.close().await.unwrap();
    assert_eq!(reader.read_all().await.unwrap().len(), 9_000);
    engine.settled(|stats| stats.channels == 0).await;
}

#[tokio::test]
async fn a_message_over_the_limit_and_one_that_is_reserved() {
    over_both(async |house| {
        let channel = house.channel().await;
        let (mut writer, mut reader) = (channel.writer, channel.reader);
        let error = writer
            .send_message("x".repeat((16 << 20) + 1))
            .await
            .unwrap_err();
        assert!(
            matches!(error, WriteError::MessageTooLong { .. }),
            "{error}"
        );
        tells(
            &error,
            &["16777217 bytes", "limit of 16777216", "send it as data"],
        );
        let reserved = json!({"type": "end", "pipewright": 1});
        let error = writer.send_message(reserved.to_string()).await.unwrap_err();
        assert!(matches!(error, WriteError::ReservedMessage), "{error}");
        tells(&error, &["`pipewright`"]);
        // Only the message was at fault.
        writer.write("goes on").await.unwrap();
        writer.close().await.unwrap();
        assert_eq!(reader.read_all().await.unwrap(), "goes on");
    })
    .await;
}
