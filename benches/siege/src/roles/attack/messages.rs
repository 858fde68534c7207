use anyhow::Result;
use tokio::io::AsyncWriteExt;

use super::Attacker;
use crate::raw::{Opcode, Socket, frame, head};

/// Number of concurrent connections.
const SOME: usize = 4;
/// Number of connections with an almost complete message each.
const HALVES: usize = 64;
/// Bytes of a message of almost the maximum length.
const LONG: usize = 60 << 20;
/// Bytes per write.
const PIECE: usize = 64 << 10;

/// Announces messages of a terabyte, repeatedly.
pub(super) async fn oversize(attacker: Attacker) -> Result<()> {
    let huge = head(Opcode::Text, true, 1 << 40);
    on_each(attacker, huge, Vec::new()).await
}

/// Sends fragments of an endless message, repeatedly.
pub(super) async fn endless(attacker: Attacker) -> Result<()> {
    let fragment = |opcode| {
        let mut bytes = head(opcode, false, PIECE as u64);
        bytes.resize(bytes.len() + PIECE, b' ');
        bytes
    };
    on_each(
        attacker,
        fragment(Opcode::Text),
        fragment(Opcode::Continuation),
    )
    .await
}

/// Sends pings or pongs endlessly, and never reads.
pub(super) async fn signs(attacker: Attacker, opcode: Opcode) -> Result<()> {
    let signs = frame(opcode, b"siege").repeat(PIECE / 16);
    on_each(attacker, Vec::new(), signs).await
}

/// Endlessly sends messages that request an answer, and never reads one.
pub(super) async fn json_pings(attacker: Attacker) -> Result<()> {
    let ping = frame(Opcode::Text, r#"{"type":"ping"}"#);
    let pings = ping.repeat(PIECE / ping.len());
    on_each(attacker, Vec::new(), pings).await
}

/// Holds many messages that lack only their last byte.
pub(super) async fn halves(attacker: Attacker) -> Result<()> {
    let piece = vec![b' '; PIECE];
    let mut holding = Vec::with_capacity(HALVES);
    for _ in 0..HALVES {
        let mut socket = Socket::open(&attacker.host, "/", "").await?;
        let sender = &mut socket.sender;
        let sent = async {
            sender
                .write_all(&head(Opcode::Text, true, LONG as u64 + 1))
                .await?;
            for _ in 0..LONG / PIECE {
                sender.write_all(&piece).await?;
            }
            std::io::Result::Ok(())
        };
        match sent.await {
            Ok(()) => {
                attacker.tally.count("held");
                holding.push(socket);
            }
            Err(_) => attacker.tally.count(socket.listener.ended().await),
        }
    }
    attacker.begun();
    std::future::pending().await
}

/// Connects as a worker, sends `first` and then `rest` repeatedly, and reconnects when the engine
/// ends the connection.
async fn on_each(attacker: Attacker, first: Vec<u8>, rest: Vec<u8>) -> Result<()> {
    for _ in 0..SOME {
        let (attacker, first, rest) = (attacker.clone(), first.clone(), rest.clone());
        tokio::spawn(async move {
            loop {
                let mut socket = match Socket::open(&attacker.host, "/", "").await {
                    Ok(socket) => socket,
                    Err(refused) => {
                        attacker.tally.count(refused);
                        continue;
                    }
                };
                attacker.tally.count("connected");
                if socket.sender.write_all(&first).await.is_ok() && !rest.is_empty() {
                    while socket.sender.write_all(&rest).await.is_ok() {
                        attacker.tally.add("KiB taken", rest.len() as u64 >> 10);
                    }
                }
                attacker.tally.count(socket.listener.ended().await);
                attacker.begun();
            }
        });
    }
    // The engine never ends some of them.
    attacker.begun();
    std::future::pending().await
}
