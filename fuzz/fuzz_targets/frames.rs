//! Bytes of a client after the WebSocket handshake: our codec and tungstenite's return the same
//! result.
//!
//! The first byte determines after how many bytes each read ends.

#![no_main]

use std::io;

use bytes::Bytes;
use futures::{StreamExt, stream};
use libfuzzer_sys::fuzz_target;
use pipewright::Frame;
use pipewright::fuzzing::{End, read_frames};
use pipewright_fuzz::run;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_util::io::StreamReader;

/// Bytes per frame; low, so that inputs reach it.
const LIMIT: usize = 300;

fuzz_target!(|data: &[u8]| {
    let Some((cut, bytes)) = data.split_first() else {
        return;
    };
    let (ours, our_end) = run(read_frames(stream_of(bytes, *cut), LIMIT));
    let (theirs, their_end) = run(read_theirs(stream_of(bytes, *cut)));
    assert_eq!(ours, theirs);
    match (&our_end, &their_end) {
        (End::Lost(_), End::Lost(_)) => {}
        // tungstenite does not report half a message before a close, nor a reserved close code. It
        // checks the text of a fragment before the rest has arrived.
        (End::Lost(rule), End::Closed(..)) if rule.contains("within a message") => {}
        (End::Closed(Some(code), _), End::Closed(Some(1002), reason))
            if !CloseCode::from(*code).is_allowed() =>
        {
            assert_eq!(reason, "Protocol violation");
        }
        (End::Closed(Some(code), _), End::Lost(rule)) if *code != 1000 => {
            assert!(rule.to_lowercase().contains("utf"), "{our_end:?}, {rule}");
        }
        _ => assert_eq!(our_end, their_end),
    }
});

/// A connection that receives `bytes`, some at a time, and accepts everything that is written.
fn stream_of(bytes: &[u8], cut: u8) -> impl AsyncRead + AsyncWrite + Send + Sync + Unpin + use<> {
    let chunks: Vec<_> = bytes
        .chunks(usize::from(cut) + 1)
        .map(|chunk| Ok::<_, io::Error>(Bytes::copy_from_slice(chunk)))
        .collect();
    tokio::io::join(StreamReader::new(stream::iter(chunks)), tokio::io::sink())
}

async fn read_theirs<S: AsyncRead + AsyncWrite + Unpin>(stream: S) -> (Vec<Frame>, End) {
    let config = WebSocketConfig::default()
        .max_frame_size(Some(LIMIT))
        .max_message_size(Some(2 * LIMIT));
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let mut frames = Vec::new();
    loop {
        frames.push(match socket.next().await {
            Some(Ok(Message::Binary(bytes))) => Frame::Data(bytes),
            Some(Ok(Message::Text(text))) => Frame::from(text.as_str()),
            Some(Ok(Message::Close(None))) => return (frames, End::Closed(None, String::new())),
            Some(Ok(Message::Close(Some(close)))) => {
                let code = Some(close.code.into());
                return (frames, End::Closed(code, close.reason.as_str().to_owned()));
            }
            Some(Ok(_)) => continue,
            Some(Err(Error::WriteBufferFull(_))) => unreachable!("all that is written is taken"),
            Some(Err(error)) => return (frames, End::Lost(error.to_string())),
            None => return (frames, End::Lost(String::new())),
        });
    }
}
