//! A peer without pipewright, which reads raw frames and writes arbitrary ones.

use futures::{SinkExt, StreamExt};
use pipewright::format::{Decode, Encode, Format};
use pipewright::{Channel, ReceiveError, Receiver, StreamChannelRef};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::support::{House, within};

pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How a peer ends its stream.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    /// A close frame with this code, or without a code.
    Close(Option<u16>),
    /// The connection is dropped.
    Loss,
}

pub(super) async fn open(house: &House, end: &StreamChannelRef) -> Socket {
    connect_async(house.raw_url(end)).await.unwrap().0
}

pub(super) fn header(fields: &Value) -> Message {
    let mut header = json!({"type": "metadata", "pipewright": 1});
    for (name, value) in fields.as_object().unwrap() {
        header[name] = value.clone();
    }
    Message::text(header.to_string())
}

/// The frames that a sender creates from items.
pub(super) async fn frames_of<T, F>(house: &House, items: Vec<T>) -> Vec<Message>
where
    T: Send + 'static,
    F: Encode<T>,
{
    let channel: Channel<T, F> = house.worker.channel(None).await.unwrap();
    let mut socket = open(house, channel.reader_ref.get_ref()).await;
    let mut sender = channel.sender;
    let sending = tokio::spawn(async move {
        for item in items {
            sender.send(item).await.unwrap();
        }
        sender.close().await.unwrap();
    });
    let mut frames = Vec::new();
    while let Some(Ok(frame)) = within(socket.next()).await {
        if frame.is_text() || frame.is_binary() {
            frames.push(frame);
        }
    }
    within(sending).await.unwrap();
    frames
}

/// The payload of frames in one piece.
pub(super) fn payload(frames: &[Message]) -> Vec<u8> {
    let data = frames.iter().filter(|frame| frame.is_binary());
    data.flat_map(|frame| frame.clone().into_data().to_vec())
        .collect()
}

/// A receiver of a stream that a peer has already written completely.
pub(super) async fn written<T, F: Format>(
    house: &House,
    frames: Vec<Message>,
    ending: Ending,
) -> Receiver<T, F> {
    let channel: Channel<T, F> = house.worker.channel(None).await.unwrap();
    let mut socket = open(house, channel.writer_ref.get_ref()).await;
    for frame in frames {
        socket.feed(frame).await.unwrap();
    }
    socket.flush().await.unwrap();
    match ending {
        Ending::Loss => drop(socket),
        Ending::Close(code) => {
            let code = code.map(
                |code| tokio_tungstenite::tungstenite::protocol::CloseFrame {
                    code: code.into(),
                    reason: "".into(),
                },
            );
            socket.close(code).await.unwrap();
            while let Some(Ok(_)) = within(socket.next()).await {}
        }
    }
    channel.receiver
}

/// All items, and how the stream ends.
pub(super) async fn drain<T, F: Decode<T>>(
    receiver: &mut Receiver<T, F>,
) -> (Vec<T>, Result<(), ReceiveError>) {
    let mut items = Vec::new();
    loop {
        match within(receiver.recv()).await {
            Ok(Some(item)) => items.push(item),
            Ok(None) => return (items, Ok(())),
            Err(error) => return (items, Err(error)),
        }
    }
}
