use anyhow::Result;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Attacker;
use crate::raw::Control;

/// Number of concurrent connections.
const AT_ONCE: usize = 16;
/// Guesses per write.
const BATCH: usize = 32;

/// Guesses the key of an existing channel, with many guesses per connection.
pub(super) async fn run(attacker: Attacker) -> Result<()> {
    let mut control = Control::connect(&attacker.host).await?;
    let path = control.channel().await?.reader;
    let channel = path.split('?').next().unwrap_or_default().to_owned();
    for _ in 0..AT_ONCE {
        let (attacker, channel) = (attacker.clone(), channel.clone());
        tokio::spawn(async move {
            loop {
                match guess(&attacker, &channel).await {
                    Ok(()) => attacker.tally.count("closed"),
                    Err(error) => attacker.tally.count(error.kind()),
                }
            }
        });
    }
    attacker.begun();
    // Keeps the channel open.
    let _control = control;
    std::future::pending().await
}

async fn guess(attacker: &Attacker, channel: &str) -> std::io::Result<()> {
    let mut stream = attacker.host.dial().await?;
    let host = attacker.host.name();
    let mut read = vec![0; 64 << 10];
    // The rest of a response that was split between two reads.
    let mut tail = 0;
    loop {
        let requests: Vec<u8> = (0..BATCH).flat_map(|_| request(channel, host)).collect();
        stream.write_all(&requests).await?;
        let mut answers = 0;
        while answers < BATCH {
            let more = stream.read(&mut read[tail..]).await?;
            if more == 0 {
                return Ok(());
            }
            let said = &read[..tail + more];
            for status in said
                .windows(13)
                .filter(|part| part.starts_with(b"HTTP/1.1 "))
            {
                answers += 1;
                let status = String::from_utf8_lossy(&status[9..12]);
                attacker.tally.count(format_args!("HTTP {status}"));
            }
            let kept = said.len().min(12);
            let start = said.len() - kept;
            read.copy_within(start..start + kept, 0);
            tail = kept;
        }
    }
}

/// A request with a wrong key.
fn request(channel: &str, host: &str) -> Vec<u8> {
    let key = format!("{:032x}{:032x}", fastrand::u128(..), fastrand::u128(..));
    format!(
        "GET {channel}?key={key}&dir=read HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes()
}
