use anyhow::{Context, Result};
use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, accept_hdr_async, connect_async};

use super::{Gate, PIECE};

/// A straightforward relay: what one socket receives is sent to the other.
pub(super) async fn relay(gate: Gate) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    gate.say(listener.local_addr()?);
    let mut waiting: [Option<WebSocketStream<TcpStream>>; 2] = Default::default();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut reads = false;
        // The size of the error is determined by the library.
        #[allow(clippy::result_large_err)]
        let note_path = |request: &Request, response: Response| {
            reads = request.uri().path() == "/read";
            Ok(response)
        };
        let socket = accept_hdr_async(stream, note_path).await?;
        waiting[usize::from(reads)] = Some(socket);
        if let [Some(_), Some(_)] = &waiting
            && let [Some(from), Some(to)] = std::mem::take(&mut waiting)
        {
            tokio::spawn(from.forward(to));
        }
    }
}

/// Writes `amount` bytes in frames of 64 KiB.
pub(super) async fn write(mut gate: Gate, address: &str, amount: &str) -> Result<()> {
    let mut socket = connect(address, "write").await?;
    let piece = Bytes::from(vec![7; PIECE]);
    let pieces = amount.parse::<usize>()? / PIECE;
    gate.ready().await?;
    for _ in 0..pieces {
        socket.send(Message::Binary(piece.clone())).await?;
    }
    socket.close(None).await?;
    while socket.next().await.is_some_and(|message| message.is_ok()) {}
    Ok(())
}

/// Reads to the end and counts bytes.
pub(super) async fn read(gate: Gate, address: &str) -> Result<()> {
    let mut socket = connect(address, "read").await?;
    gate.say("");
    let mut bytes = 0;
    loop {
        match socket.next().await.context("a close comes first")?? {
            Message::Binary(data) => bytes += data.len(),
            Message::Close(_) => break,
            _ => {}
        }
    }
    gate.say(bytes);
    Ok(())
}

async fn connect(address: &str, path: &str) -> Result<WebSocketStream<MaybeTlsStream<TcpStream>>> {
    let (socket, _) = connect_async(format!("ws://{address}/{path}")).await?;
    Ok(socket)
}
