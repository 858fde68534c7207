use std::fs;
use std::path::Path;

use futures::{SinkExt, StreamExt};
use pipewright::{Address, ChannelReader, Frame, ReadError, StreamChannelRef, Verdict};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::support::within;

/// One file of `docs/protocol/vectors`; `docs/protocol.md` section 13 describes the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    name: String,
    #[expect(dead_code, reason = "for the reader of the file")]
    why: String,
    header_promised: bool,
    frames: Vec<VectorFrame>,
    ending: Ending,
    verdict: String,
    payload_hex: String,
    messages: Vec<String>,
    abort_code: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum VectorFrame {
    Text(String),
    Hex(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Ending {
    Close(Option<u16>),
    Lost,
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The address of a server that sends the vector to the first client.
async fn play(vector: &Vector) -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let messages: Vec<_> = vector
        .frames
        .iter()
        .map(|frame| match frame {
            VectorFrame::Text(text) => Message::text(text),
            VectorFrame::Hex(hex) => Message::binary(bytes_of(hex)),
        })
        .collect();
    let close = match vector.ending {
        Ending::Lost => None,
        Ending::Close(code) => Some(code.map(|code| CloseFrame {
            code: code.into(),
            reason: "".into(),
        })),
    };
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        for message in messages {
            // A reader that has detected a violation may leave before the rest.
            if socket.send(message).await.is_err() {
                return;
            }
        }
        if let Some(close) = close {
            let _ = socket.close(close).await;
            while let Some(Ok(_)) = socket.next().await {}
        }
    });
    format!("ws://{address}").parse().unwrap()
}

fn name_of(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Complete => "complete",
        Verdict::CompleteUnverified => "unverified",
        Verdict::Failed(error) => match error {
            ReadError::Aborted(_) => "aborted",
            ReadError::Truncated { .. } => "truncated",
            ReadError::Corrupt { .. } => "corrupt",
            ReadError::Protocol { .. } => "protocol_error",
            ReadError::NeverWritten => "never_written",
            other => panic!("a vector has no name for {other:?}"),
        },
        other => panic!("a vector has no name for {other:?}"),
    }
}

async fn check(vector: &Vector) {
    let address = play(vector).await;
    let reader_ref: StreamChannelRef =
        serde_json::from_value(json!({"channel_id": "c", "access_key": "k", "direction": "read"}))
            .unwrap();
    let mut reader = ChannelReader::new(&address, &reader_ref);
    if vector.header_promised {
        reader = reader.expect_header();
    }
    let (mut payload, mut messages) = (Vec::new(), Vec::new());
    while let Ok(Some(frame)) = within(reader.next_frame()).await {
        match frame {
            Frame::Data(bytes) => payload.extend_from_slice(&bytes),
            Frame::Message(text) => messages.push(text.to_string()),
        }
    }
    let (name, verdict) = (&vector.name, reader.report().verdict.unwrap());
    assert_eq!(name_of(&verdict), vector.verdict, "{name}: {verdict:?}");
    assert_eq!(payload, bytes_of(&vector.payload_hex), "{name}: payload");
    assert_eq!(messages, vector.messages, "{name}: messages");
    let abort = match &verdict {
        Verdict::Failed(error) => error.abort().map(|abort| abort.first_cause().code.clone()),
        _ => None,
    };
    assert_eq!(abort, vector.abort_code, "{name}: first cause");
}

#[tokio::test]
async fn every_vector_gives_its_verdict() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol/vectors");
    let mut checked = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let vector: Vector = serde_json::from_str(&fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(path.file_stem().unwrap(), vector.name.as_str());
        check(&vector).await;
        checked += 1;
    }
    assert!(checked >= 32, "{checked} vectors");
}
