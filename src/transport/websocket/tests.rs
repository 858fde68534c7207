//! Compares our frames with those of tokio-tungstenite, in both directions and both roles.

use std::future::poll_fn;
use std::task::Poll;

use bytes::{Bytes, BytesMut};
use futures::{SinkExt, StreamExt};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role as TheirRole, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use super::{Masking, Role, WebSocket, WebSocketLimits};
use crate::transport::{Received, Transport, TransportError};
use crate::wire::{Close, Frame, HUNGRY};

const LIMITS: WebSocketLimits = WebSocketLimits {
    frame: 1 << 20,
    message: 2 << 20,
    read_buffer: 64 << 10,
};

/// A connection between our codec and the library, through a pipe that holds `window` bytes.
async fn connected(
    role: Role,
    window: usize,
) -> (WebSocket<DuplexStream>, WebSocketStream<DuplexStream>) {
    let (ours, theirs) = duplex(window);
    let their_role = if role == Role::Server {
        TheirRole::Client
    } else {
        TheirRole::Server
    };
    let config = WebSocketConfig::default().write_buffer_size(0);
    let theirs = WebSocketStream::from_raw_socket(theirs, their_role, Some(config)).await;
    (WebSocket::new(ours, BytesMut::new(), role, LIMITS), theirs)
}

async fn receive(socket: &mut WebSocket<DuplexStream>) -> Received {
    poll_fn(|cx| socket.poll_receive(cx)).await
}

async fn send(socket: &mut WebSocket<DuplexStream>, frame: Frame) {
    poll_fn(|cx| socket.poll_ready(cx)).await.unwrap();
    socket.start_send(frame).unwrap();
}

async fn flush(socket: &mut WebSocket<DuplexStream>) {
    poll_fn(|cx| socket.poll_flush(cx)).await.unwrap();
}

fn to_theirs(frame: &Frame) -> Message {
    match frame {
        Frame::Data(bytes) => Message::Binary(bytes.clone()),
        Frame::Message(text) => Message::Text(Utf8Bytes::from(text.as_str())),
    }
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    // Around the boundaries of length encodings, copied payloads, frames and reads.
    let len = prop_oneof![
        0_usize..200,
        Just(4095),
        Just(4096),
        Just(4097),
        65_530_usize..65_540,
        Just(200_000),
    ];
    let frame = (len, any::<u8>(), any::<bool>()).prop_map(|(len, seed, text)| {
        let bytes = (0..len).map(|at| seed.wrapping_add(at.to_le_bytes()[0]));
        if text {
            Frame::from(
                bytes
                    .map(|byte| char::from(byte & 0x7F))
                    .collect::<String>(),
            )
        } else {
            Frame::from(bytes.collect::<Vec<u8>>())
        }
    });
    prop::collection::vec(frame, 0..12)
}

fn roles() -> impl Strategy<Value = Role> {
    prop_oneof![
        Just(Role::Server),
        Just(Role::Client(Masking::Random)),
        Just(Role::Client(Masking::Zero)),
    ]
}

fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn they_read_what_we_write(frames in frames(), role in roles(), window in 1_usize..100_000) {
        run(async {
            let (mut ours, mut theirs) = connected(role, window).await;
            let sent = frames.clone();
            let sending = tokio::spawn(async move {
                for frame in sent {
                    send(&mut ours, frame).await;
                }
                ours.start_close(Close::NORMAL).unwrap();
                flush(&mut ours).await;
                receive(&mut ours).await
            });
            for frame in &frames {
                assert_eq!(theirs.next().await.unwrap().unwrap(), to_theirs(frame));
            }
            let close = theirs.next().await.unwrap().unwrap();
            assert!(matches!(close, Message::Close(Some(frame)) if u16::from(frame.code) == 1000));
            assert!(theirs.next().await.is_none_or(|end| end.is_err()));
            assert!(matches!(sending.await.unwrap(), Received::Closed(close) if close.is_clean()));
        });
    }

    #[test]
    fn we_read_what_they_write(frames in frames(), role in roles(), window in 1_usize..100_000) {
        run(async {
            let (mut ours, mut theirs) = connected(role, window).await;
            let sent = frames.clone();
            let sending = tokio::spawn(async move {
                for frame in &sent {
                    theirs.send(to_theirs(frame)).await.unwrap();
                }
                theirs.close(None).await.unwrap();
                while theirs.next().await.is_some_and(|message| message.is_ok()) {}
            });
            for expected in frames {
                match receive(&mut ours).await {
                    Received::Frame(frame) => assert_eq!(frame, expected),
                    other => panic!("{other:?} instead of a frame"),
                }
            }
            assert!(matches!(receive(&mut ours).await, Received::Closed(close) if close.is_clean()));
            flush(&mut ours).await;
            drop(ours);
            sending.await.unwrap();
        });
    }
}

#[tokio::test]
async fn ping_is_answered_while_only_reading() {
    let (mut ours, mut theirs) = connected(Role::Server, 1024).await;
    let reading = tokio::spawn(async move { receive(&mut ours).await });
    theirs
        .send(Message::Ping(Bytes::from_static(b"alive?")))
        .await
        .unwrap();
    let pong = theirs.next().await.unwrap().unwrap();
    assert_eq!(pong, Message::Pong(Bytes::from_static(b"alive?")));
    drop(theirs);
    assert!(matches!(
        reading.await.unwrap(),
        Received::Lost(TransportError::Lost(_))
    ));
}

#[tokio::test]
async fn ping_during_a_full_queue_is_answered_later() {
    let (mut ours, mut theirs) = connected(Role::Server, 1024).await;
    let mut sent = 0;
    poll_fn(|cx| {
        while ours.poll_ready(cx).is_ready() {
            ours.start_send(vec![0; 1 << 16].into()).unwrap();
            sent += 1;
        }
        Poll::Ready(())
    })
    .await;
    for payload in ["first", "last"] {
        theirs.send(Message::Ping(payload.into())).await.unwrap();
    }
    poll_fn(|cx| {
        assert!(ours.poll_receive(cx).is_pending());
        Poll::Ready(())
    })
    .await;
    let flushing = tokio::spawn(async move { flush(&mut ours).await });
    let (mut data, mut pongs) = (0, Vec::new());
    while data < sent || pongs.is_empty() {
        match theirs.next().await.unwrap().unwrap() {
            Message::Binary(_) => data += 1,
            Message::Pong(payload) => pongs.push(payload),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(pongs, [Bytes::from_static(b"last")]);
    flushing.await.unwrap();
}

#[tokio::test]
async fn a_close_of_ours_that_crosses_theirs_still_goes_out() {
    let (mut ours, mut theirs) = connected(Role::Server, 1024).await;
    theirs.send(Message::Close(None)).await.unwrap();
    ours.start_close(Close::READER_GONE).unwrap();
    assert!(matches!(receive(&mut ours).await, Received::Closed(_)));
    drop(ours);
    let close = theirs.next().await.unwrap().unwrap();
    assert!(matches!(close, Message::Close(Some(frame)) if u16::from(frame.code) == 1011));
}

#[tokio::test]
async fn hungry_pong_after_our_close_is_no_activity() {
    let (mut ours, mut theirs) = connected(Role::Server, 1024).await;
    ours.start_close(Close::NORMAL).unwrap();
    for payload in [HUNGRY, b"", HUNGRY] {
        let pong = Message::Pong(Bytes::from_static(payload));
        theirs.send(pong).await.unwrap();
    }
    assert!(matches!(receive(&mut ours).await, Received::Pong));
    let more = poll_fn(|cx| Poll::Ready(ours.poll_receive(cx))).await;
    assert!(more.is_pending(), "{more:?}");
}

/// Writes raw bytes to our server side and returns what it receives.
async fn raw(bytes: &[u8]) -> Vec<Received> {
    let (ours, mut theirs) = duplex(1 << 20);
    let mut ours = WebSocket::new(ours, BytesMut::new(), Role::Server, LIMITS);
    theirs.write_all(bytes).await.unwrap();
    theirs.shutdown().await.unwrap();
    let mut received = Vec::new();
    loop {
        received.push(receive(&mut ours).await);
        if !matches!(received.last(), Some(Received::Frame(_))) {
            return received;
        }
    }
}

#[tokio::test]
async fn fragments_are_joined_around_control_frames() {
    let frames = [
        &[0x01, 0x82, 0, 0, 0, 0, b'a', b'b'][..],
        &[0x8A, 0x80, 0, 0, 0, 0],
        &[0x80, 0x81, 0, 0, 0, 0, b'c'],
    ];
    let (ours, mut theirs) = duplex(1024);
    let mut ours = WebSocket::new(ours, BytesMut::new(), Role::Server, LIMITS);
    for frame in frames {
        theirs.write_all(frame).await.unwrap();
    }
    assert!(matches!(receive(&mut ours).await, Received::Pong));
    assert!(matches!(receive(&mut ours).await, Received::Frame(frame) if frame == "abc".into()));
}

#[tokio::test]
async fn what_breaks_a_rule_ends_the_connection_and_says_which() {
    for (bytes, rule) in [
        (&[0x82, 0x01, 7][..], "not masked"),
        (&[0x80, 0x80, 0, 0, 0, 0], "without a beginning"),
        // Found by the fuzz target `frames`: half a message, then the end of the stream.
        (
            &[0x02, 0x81, 0, 0, 0, 0, 7, 0x88, 0x80, 0, 0, 0, 0],
            "close within a message",
        ),
        (
            &[0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0],
            "within a message",
        ),
        (&[0x81, 0x81, 0, 0, 0, 0, 0xFF], "UTF-8"),
        (&[0x88, 0x81, 0, 0, 0, 0, 0x03], "half a code"),
        (&[0xF2, 0x80, 0, 0, 0, 0], "reserved bit"),
    ] {
        match raw(bytes).await.pop().unwrap() {
            Received::Lost(TransportError::Protocol(reason)) => {
                assert!(reason.contains(rule), "{reason}");
            }
            other => panic!("{other:?} instead of a broken rule: {rule}"),
        }
    }
}

#[tokio::test]
async fn oversized_frame_is_refused_by_its_header() {
    let mut head = vec![0x82, 0xFF];
    head.extend_from_slice(&(1_u64 << 40).to_be_bytes());
    head.extend_from_slice(&[0; 4]);
    let lost = raw(&head).await.pop().unwrap();
    let Received::Lost(TransportError::TooLarge { size, limit }) = lost else {
        panic!("{lost:?}");
    };
    assert_eq!((size, limit), (1 << 40, LIMITS.frame));
}

#[tokio::test]
async fn connection_cut_anywhere_is_lost_without_wrong_data() {
    let (mut ours, mut theirs) = {
        let (ours, theirs) = duplex(1 << 20);
        (
            WebSocket::new(ours, BytesMut::new(), Role::Client(Masking::Random), LIMITS),
            theirs,
        )
    };
    let sent = [
        Frame::from("message"),
        Frame::from(vec![7; 300]),
        Frame::from(vec![8; 70_000]),
    ];
    for frame in sent.clone() {
        send(&mut ours, frame).await;
    }
    flush(&mut ours).await;
    drop(ours);
    let mut bytes = Vec::new();
    theirs.read_to_end(&mut bytes).await.unwrap();
    for cut in (0..400).chain([bytes.len() - 1]) {
        let mut received = raw(&bytes[..cut]).await;
        assert!(matches!(
            received.pop(),
            Some(Received::Lost(TransportError::Lost(_)))
        ));
        for (received, sent) in received.iter().zip(&sent) {
            assert!(matches!(received, Received::Frame(frame) if frame == sent));
        }
    }
    assert_eq!(raw(&bytes).await.len(), sent.len() + 1);
}

/// tungstenite accepts 16 MiB per frame, as an iii engine does.
#[test]
fn oversized_message_is_sent_in_fragments() {
    run(async {
        let (mut ours, mut theirs) = connected(Role::Client(Masking::Random), 1 << 20).await;
        // Three-byte characters, so that fragment boundaries fall inside some of them.
        let text = "\u{20ac}".repeat((17 << 20) / 3);
        let sent = Frame::from(text.clone());
        let sending = tokio::spawn(async move {
            send(&mut ours, sent).await;
            send(&mut ours, Frame::from("after it")).await;
            flush(&mut ours).await;
            ours
        });
        let received = theirs.next().await.unwrap().unwrap();
        assert!(received == Message::text(text));
        assert_eq!(
            theirs.next().await.unwrap().unwrap(),
            Message::text("after it")
        );
        sending.await.unwrap();
    });
}

#[tokio::test]
async fn pings_without_end_leave_others_their_turn() {
    let (ours, mut theirs) = duplex(64 << 10);
    let mut ours = WebSocket::new(ours, BytesMut::new(), Role::Server, LIMITS);
    let pings = [0x89, 0x80, 0, 0, 0, 0].repeat(1000);
    theirs.write_all(&pings).await.unwrap();
    let mut receiving = tokio_test::task::spawn(poll_fn(|cx| ours.poll_receive(cx)));
    tokio_test::assert_pending!(receiving.poll());
    assert!(receiving.is_woken());
    let mut pongs = [0; 4096];
    assert_eq!(theirs.read(&mut pongs).await.unwrap(), 64 * 2);
}
